"""The sellers' pages: home, orders, money, decisions about them, notices, settings."""
