-- Each life of the server. `ended_at` stays null when it was killed; `how` is 'drained' or 'crashed'.
create table server_run (
  id text primary key, started_at text not null, ended_at text, how text, boot_id text not null, oom_kills integer not null
) strict;

-- Order among jobs of one priority, changed by hand; a new job gets its `seq`.
alter table job add column position integer not null default 0;
update job set position = seq;
-- Attempts that were begun and are not counted: paused for pictures, or waiting for disk space.
alter table job add column uncharged integer not null default 0;
-- How long the wait until `not_before` is at most, whatever a clock says that was set meanwhile.
alter table job add column retry_delay_ms integer;
-- {"for", "subject", "step"}: a training that gives way to pictures.
alter table job add column pause text;
-- Which life of the server entered the job, how far the job was then, and what speaks against it.
alter table job add column entered_by text;
alter table job add column entry_mark text;
alter table job add column suspicion integer not null default 0;
alter table job add column removed_at text;
alter table job add column files_removed_at text;
-- The class of an interruption; 'again' where a person had the job tried anew.
alter table job_event add column code text;

drop index job_open;
create index job_open on job (state, priority desc, position) where finished_at is null;
create index job_files on job (finished_at) where finished_at is not null and files_removed_at is null;
