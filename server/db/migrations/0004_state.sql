alter table photo add column deleted_at text;
-- Rows of deleted LoRAs and pictures stay without what they said, so that no number and no picture is given or made again.
alter table lora add column erased_at text;
alter table output add column erased_at text;
create index character_deleted on character (deleted_at) where deleted_at is not null;
create index photo_deleted on photo (deleted_at) where deleted_at is not null;
create index lora_deleted on lora (deleted_at) where deleted_at is not null and erased_at is null;
create index output_deleted on output (deleted_at) where deleted_at is not null and erased_at is null;
-- Files and folders that nothing names any more, relative to the root. Written with the change that took their name away.
create table erasure (path text primary key, asked_at text not null) strict, without rowid;
