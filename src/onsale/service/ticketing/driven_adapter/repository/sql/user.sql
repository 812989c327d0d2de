-- Accounts and sessions.

-- name: insert
INSERT INTO "user" (email, name, role, hashed_password)
VALUES ($1, $2, $3, $4)
ON CONFLICT (email) DO NOTHING
RETURNING id, email, name, role, is_active, hashed_password

-- name: by_email
SELECT id, email, name, role, is_active, hashed_password FROM "user" WHERE email = $1

-- name: by_id
SELECT id, email, name, role, is_active, hashed_password FROM "user" WHERE id = $1

-- name: revoke_token
INSERT INTO revoked_token (token_id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: revoked_since
SELECT token_id, expires_at
FROM revoked_token
WHERE expires_at > now() AND ($1::timestamptz IS NULL OR revoked_at >= $1)

-- name: deactivated_users
SELECT id FROM "user" WHERE NOT is_active
