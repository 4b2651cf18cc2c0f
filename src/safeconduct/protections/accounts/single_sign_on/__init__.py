"""Staff sign in at their company's directory (OpenID Connect Core 1.0, authorisation code flow with PKCE)."""
