create table setting (key text primary key, value text not null) strict, without rowid;

create table session (
  token_hash text primary key, created_at text not null, last_seen_at text not null, label text not null
) strict, without rowid;

create table character (
  id text primary key,
  name text not null check (length(name) between 1 and 100),
  description text not null default '' check (length(description) <= 500),
  trigger_word text not null,
  created_at text not null,
  updated_at text not null,
  deleted_at text
) strict;
create unique index character_trigger on character (lower(trigger_word)) where deleted_at is null;

create table photo (
  id text primary key,
  character_id text not null references character (id),
  sha256 text not null,
  original_name text not null,
  media_type text not null,
  width integer not null,
  height integer not null,
  size_bytes integer not null,
  caption text not null default '',
  created_at text not null,
  unique (character_id, sha256)
) strict;

create table lora (
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
  deleted_at text,
  unique (character_id, version)
) strict;

create table job (
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
) strict;
create index job_open on job (state, priority desc, seq) where finished_at is null;
create index job_list on job (kind, seq desc);
create index job_character on job (character_id, seq desc);
-- The two promises that no mistake in the code may break: one lease for each lane, one open training for each character.
create unique index job_lease on job (lane) where state in ('claimed', 'starting', 'running', 'stopping');
create unique index job_one_training on job (character_id) where kind = 'training' and finished_at is null;

create table job_event (
  seq integer primary key autoincrement,
  job_id text not null references job (id),
  attempt integer not null,
  from_state text,
  to_state text not null,
  why text not null,
  at text not null
) strict;
create index job_event_job on job_event (job_id, seq);

create table job_memory (
  job_id text not null references job (id), key text not null, value text not null, primary key (job_id, key)
) strict, without rowid;

create table artifact (
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

create table output (
  id text primary key,
  job_id text not null references job (id),
  "index" integer not null,
  character_id text,
  width integer not null,
  height integer not null,
  size_bytes integer not null,
  settings text not null,
  created_at text not null,
  deleted_at text,
  unique (job_id, "index")
) strict;
create index output_character on output (character_id, id);

create table upload (
  id text primary key,
  character_id text not null references character (id),
  file_name text not null,
  size_bytes integer not null,
  created_at text not null,
  outcome text
) strict;
