/**
 * The migrations of the state's tables, oldest first. A released migration never changes: a new table or column is a
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
  // A watermark may have millions of digests, so they are written once, and not copied from job to mapping. A
  // watermark that no mapping points to is the proposal of its running job. A numeric marker is a double, as in
  // JavaScript, which can't read all of SQLite's integers.
  `
  CREATE TABLE watermark (
    id         INTEGER PRIMARY KEY,
    mapping_id TEXT NOT NULL REFERENCES mapping (id),
    marker     ANY NOT NULL
  ) STRICT;
  CREATE INDEX watermark_of_mapping ON watermark (mapping_id);

  CREATE TABLE seen_digests (
    watermark_id INTEGER NOT NULL REFERENCES watermark (id) ON DELETE CASCADE,
    part         INTEGER NOT NULL,
    digests      BLOB NOT NULL,
    PRIMARY KEY (watermark_id, part)
  ) STRICT;

  ALTER TABLE mapping ADD COLUMN watermark_id INTEGER REFERENCES watermark (id);

  CREATE TEMP VIEW known_json AS
    SELECT id AS mapping_id, TRUE AS is_accepted, watermark AS json FROM mapping WHERE watermark IS NOT NULL
    UNION ALL
    SELECT mapping_id, FALSE, next_watermark FROM job
    WHERE status IN ('Created', 'Uploaded') AND next_watermark <> 'null';
  CREATE TEMP VIEW known AS
    SELECT mapping_id, is_accepted, json ->> 'seen' AS seen, CASE json_type(json, '$.marker')
      WHEN 'text' THEN json ->> 'marker' ELSE CAST(json ->> 'marker' AS REAL) END AS marker
    FROM known_json;
  INSERT INTO watermark (mapping_id, marker) SELECT mapping_id, marker FROM known WHERE is_accepted;
  UPDATE mapping SET watermark_id = (SELECT id FROM watermark WHERE mapping_id = mapping.id);
  INSERT INTO watermark (mapping_id, marker) SELECT mapping_id, marker FROM known WHERE NOT is_accepted;
  INSERT INTO seen_digests (watermark_id, part, digests)
    SELECT watermark.id, 0, from_base64(seen) FROM known
    JOIN mapping ON mapping.id = known.mapping_id
    JOIN watermark ON watermark.mapping_id = known.mapping_id
      AND is_accepted = (watermark.id IS mapping.watermark_id);
  DROP VIEW known;
  DROP VIEW known_json;

  ALTER TABLE mapping DROP COLUMN watermark;
  ALTER TABLE job DROP COLUMN next_watermark;
  `,
  `
  CREATE INDEX job_by_end ON job (ended_at) WHERE ended_at IS NOT NULL;

  CREATE TABLE platform (
    identity TEXT NOT NULL
  ) STRICT;
  `,
  // The marker's column. A mapping may get another one. For older watermarks it is unknown.
  `
  ALTER TABLE watermark ADD COLUMN changed TEXT;
  `,
  // The id of the state. A state that already has requests gets none, because the log that has them does not know it.
  `
  CREATE TABLE origin (
    id TEXT NOT NULL
  ) STRICT;
  INSERT INTO origin
    SELECT CASE WHEN EXISTS (SELECT 1 FROM request) THEN '' ELSE lower(hex(randomblob(6))) END;
  `,
  // Where the window begins whose rows are stored as digests; in older watermarks, at the marker.
  `
  ALTER TABLE watermark ADD COLUMN since ANY;
  `,
  // A job that is over although the fate of its batch is unknown.
  `
  ALTER TABLE job ADD COLUMN is_undecided INTEGER NOT NULL DEFAULT 0 CHECK (is_undecided IN (0, 1));
  CREATE INDEX undecided_job ON job (mapping_id, id) WHERE is_undecided = 1;
  `,
  // How much the source had, as JSON: whoever reads it next tells what was added and is not sent.
  `
  ALTER TABLE watermark ADD COLUMN sizes TEXT;
  `,
  // Of files, the rows themselves: as many may be gone as were added.
  `
  ALTER TABLE watermark ADD COLUMN table_size REAL;
  ALTER TABLE watermark ADD COLUMN rows BLOB;
  UPDATE watermark SET table_size = json_extract(sizes, '$.""');
  ALTER TABLE watermark DROP COLUMN sizes;
  `,
];
