-- Made by `bun scripts/check/schema.ts` from server/db/migrations/, and compared by a test. To read, never to run.

-- state.db

CREATE TABLE artifact (
  id text primary key,
  job_id text not null references job (id),
  kind text not null,
  name text not null,
  path text not null,
  step integer,
  prompt_index integer,
  size_bytes integer not null,
  created_at text not null,
  unique (job_id, name)
) strict;

CREATE TABLE character (
  id text primary key,
  name text not null check (length(name) between 1 and 100),
  description text not null default '' check (length(description) <= 500),
  trigger_word text not null,
  created_at text not null,
  updated_at text not null,
  deleted_at text
) strict;

CREATE INDEX character_deleted on character (deleted_at) where deleted_at is not null;

CREATE UNIQUE INDEX character_trigger on character (lower(trigger_word)) where deleted_at is null;

CREATE TABLE erasure (path text primary key, asked_at text not null, held_by text) strict, without rowid;

CREATE TABLE job (
  id text primary key,
  seq integer not null unique,
  kind text not null,
  state text not null,
  title text not null,
  -- How sentences name this job: "the training of Ada".
  subject text not null default '',
  lane text not null default 'gpu',
  character_id text,
  backend text not null,
  priority integer not null default 0,
  attempt integer not null default 0,
  token text,
  correlation_id text not null,
  idempotency_key text unique,
  idempotency_hash text,
  request text not null,
  frozen text not null,
  waiting text,
  progress text,
  failure text,
  warnings text not null default '[]',
  results text not null default '[]',
  stop_requested_at text,
  not_before text,
  created_at text not null,
  started_at text,
  finished_at text
, position integer not null default 0, uncharged integer not null default 0, retry_delay_ms integer, pause text, entered_by text, entry_mark text, suspicion integer not null default 0, removed_at text, files_removed_at text, simulated integer, revision integer not null default 0) strict;

CREATE TRIGGER job_revision after update on job when new.revision = old.revision begin
  update job set revision = old.revision + 1 where rowid = new.rowid;
end;

CREATE INDEX job_character on job (character_id, seq desc);

CREATE INDEX job_files on job (finished_at) where finished_at is not null and files_removed_at is null;

CREATE UNIQUE INDEX job_lease on job (lane) where state in ('claimed', 'starting', 'running', 'stopping');

CREATE INDEX job_list on job (kind, seq desc);

CREATE UNIQUE INDEX job_one_training on job (character_id) where kind = 'training' and finished_at is null;

CREATE INDEX job_open on job (state, priority desc, position) where finished_at is null;

CREATE TABLE job_event (
  seq integer primary key autoincrement,
  job_id text not null references job (id),
  attempt integer not null,
  from_state text,
  to_state text not null,
  why text not null,
  at text not null
, code text) strict;

CREATE INDEX job_event_job on job_event (job_id, seq);

CREATE TABLE job_memory (
  job_id text not null references job (id), key text not null, value text not null, primary key (job_id, key)
) strict, without rowid;

CREATE TABLE lora (
  id text primary key,
  character_id text not null references character (id),
  version integer not null,
  file_name text not null unique,
  trigger_word text not null,
  base_model text not null,
  steps integer not null,
  rank integer,
  size_bytes integer not null,
  sha256 text not null,
  job_id text unique,
  created_at text not null,
  deleted_at text, simulated integer, erased_at text,
  unique (character_id, version)
) strict;

CREATE INDEX lora_deleted on lora (deleted_at) where deleted_at is not null and erased_at is null;

CREATE TABLE output (
  id text primary key,
  job_id text not null references job (id),
  "index" integer not null,
  character_id text,
  width integer not null,
  height integer not null,
  size_bytes integer not null,
  settings text not null,
  created_at text not null,
  deleted_at text, simulated integer, erased_at text,
  unique (job_id, "index")
) strict;

CREATE INDEX output_character on output (character_id, id);

CREATE INDEX output_deleted on output (deleted_at) where deleted_at is not null and erased_at is null;

CREATE TABLE photo (
  id text primary key,
  character_id text not null references character (id),
  sha256 text not null,
  original_name text not null,
  media_type text not null,
  width integer not null,
  height integer not null,
  size_bytes integer not null,
  caption text not null default '',
  created_at text not null, deleted_at text, changes text not null default '[]', is_plain integer not null default 1,
  unique (character_id, sha256)
) strict;

CREATE INDEX photo_deleted on photo (deleted_at) where deleted_at is not null;

CREATE INDEX photo_not_plain on photo (character_id, id) where is_plain = 0;

CREATE TABLE server_run (
  id text primary key, started_at text not null, ended_at text, how text, boot_id text not null, oom_kills integer not null
) strict;

CREATE TABLE session (
  token_hash text primary key, created_at text not null, last_seen_at text not null, label text not null
) strict, without rowid;

CREATE TABLE setting (key text primary key, value text not null) strict, without rowid;

CREATE TABLE sqlite_sequence(name,seq);

CREATE TABLE upload (
  id text primary key,
  character_id text not null references character (id),
  file_name text not null,
  size_bytes integer not null,
  created_at text not null,
  outcome text
) strict;

-- telemetry.db

CREATE TABLE metric (
  job_id text not null, key text not null, step integer not null, value real not null, primary key (job_id, key, step)
) strict, without rowid;
