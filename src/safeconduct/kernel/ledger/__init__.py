"""Money: double entry in every currency, holds with reasons and dates, payouts, statements."""
