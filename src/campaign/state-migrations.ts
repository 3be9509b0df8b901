/**
 * How the state's tables came to be, oldest first. What is out is never changed: a new table or column is a
 * new migration.
 */
export const STATE_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE mapping (
    id          TEXT PRIMARY KEY,
    publication TEXT NOT NULL CHECK (publication IN ('published', 'unpublished')),
    execution   TEXT NOT NULL CHECK (execution IN ('started', 'stopped')),
    next_run_at INTEGER,
    watermark   TEXT,
    CHECK (publication = 'published' OR execution = 'stopped'),
    CHECK ((next_run_at IS NOT NULL) = (execution = 'started'))
  ) STRICT;

  CREATE TABLE job (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    mapping_id     TEXT NOT NULL REFERENCES mapping (id),
    status         TEXT NOT NULL CHECK (status IN ('Created', 'Uploaded', 'Success', 'Failed')),
    batch_id       TEXT,
    is_whole       INTEGER NOT NULL DEFAULT 0 CHECK (is_whole IN (0, 1)),
    next_watermark TEXT,
    num_records    INTEGER NOT NULL DEFAULT 0,
    num_rejected   INTEGER NOT NULL DEFAULT 0,
    failure        TEXT CHECK (failure IN ('ACP-880056', 'ACP-880096', 'aborted')),
    reason         TEXT NOT NULL DEFAULT '',
    started_at     INTEGER NOT NULL,
    ended_at       INTEGER,
    CHECK ((failure IS NOT NULL) = (status = 'Failed')),
    CHECK ((ended_at IS NOT NULL) = (status IN ('Success', 'Failed')))
  ) STRICT;

  CREATE UNIQUE INDEX running_job ON job (mapping_id) WHERE status IN ('Created', 'Uploaded');
  CREATE INDEX job_of_mapping ON job (mapping_id, id);
  CREATE INDEX job_by_status ON job (status, id);

  CREATE TABLE request (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id INTEGER NOT NULL UNIQUE REFERENCES job (id)
  ) STRICT;

  CREATE TABLE abandoned_batch (
    batch_id TEXT PRIMARY KEY
  ) STRICT;
  `,
  `
  CREATE INDEX job_by_end ON job (ended_at) WHERE ended_at IS NOT NULL;

  CREATE TABLE platform (
    identity TEXT NOT NULL
  ) STRICT;
  `,
];
