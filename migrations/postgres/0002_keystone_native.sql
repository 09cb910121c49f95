-- The tables of this program itself. They stand beside Keystone's on every database, whoever made
-- it; Python Keystone does not know them. Each statement may be run again.

-- One counter per part of the database: a transaction that changes the part adds one, so that the
-- caches of all processes learn of it.
CREATE TABLE IF NOT EXISTS keystone_native_version (
    area varchar(32) NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT keystone_native_version_pkey PRIMARY KEY (area)
);

-- Facts about the database as a whole: `created_by` is `native` when this program made Keystone's
-- tables, `schema` is `creating` while it does.
CREATE TABLE IF NOT EXISTS keystone_native_meta (
    name varchar(64) NOT NULL,
    value text NOT NULL,
    CONSTRAINT keystone_native_meta_pkey PRIMARY KEY (name)
);

-- OAuth1 requests that came: each is good once, on whichever node. `id` is a hash of what makes a
-- request one; from `expires` on it is too old in any case.
CREATE TABLE IF NOT EXISTS keystone_native_nonce (
    id varchar(64) NOT NULL,
    expires timestamp without time zone NOT NULL,
    CONSTRAINT keystone_native_nonce_pkey PRIMARY KEY (id)
);

CREATE INDEX IF NOT EXISTS keystone_native_nonce_expires ON keystone_native_nonce (expires);

INSERT INTO keystone_native_version (area, version)
VALUES ('identity', 0),
       ('resource', 0),
       ('assignment', 0),
       ('catalog', 0),
       ('revoke', 0),
       ('credential', 0),
       ('trust', 0),
       ('policy', 0),
       ('limit', 0),
       ('federation', 0),
       ('config', 0)
ON CONFLICT DO NOTHING;
