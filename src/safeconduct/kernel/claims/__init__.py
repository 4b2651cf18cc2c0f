"""Order lines in trouble: one claim joins the channels through which a buyer can get the same money back."""
