-- Grows with each change of the row, so that of two tellings of a job the newer is known, whatever way each came.
alter table job add column revision integer not null default 0;
create trigger job_revision after update on job when new.revision = old.revision begin
  update job set revision = old.revision + 1 where rowid = new.rowid;
end;
