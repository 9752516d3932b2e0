-- What was changed in a photo when it was added, as JSON.
alter table photo add column changes text not null default '[]';
