-- 0: taken in before photos were made plain (8-bit opaque sRGB), and not looked at since.
alter table photo add column is_plain integer not null default 1;
update photo set is_plain = 0 where changes = '[]';
create index photo_not_plain on photo (character_id, id) where is_plain = 0;
