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
    value TEXT NOT NULL,
    CONSTRAINT keystone_native_meta_pkey PRIMARY KEY (name)
);

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
