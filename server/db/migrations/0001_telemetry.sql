create table metric (
  job_id text not null, key text not null, step integer not null, value real not null, primary key (job_id, key, step)
) strict, without rowid;
