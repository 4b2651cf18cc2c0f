"""What people ask about their own data: access, an archive, correction, erasure; each with its clock and its proof."""
