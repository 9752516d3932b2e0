-- The life of the server that is making the file; it goes when that life ended before the file had its row.
alter table erasure add column held_by text;
