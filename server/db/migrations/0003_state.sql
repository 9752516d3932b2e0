-- Whether it was made by the simulators of fast-test. null: from before this was written down, and nothing tells.
alter table job add column simulated integer;
alter table lora add column simulated integer;
alter table output add column simulated integer;

-- A LoRA of FLUX.1 has about 10 MB for each rank, and one of the simulator less than a hundredth of that.
update lora set simulated = size_bytes < 1000000 * coalesce(rank, 1);
update job set simulated = (select simulated from lora where lora.job_id = job.id) where id in (select job_id from lora);
-- Pictures with a LoRA were made where the LoRA was.
update output set simulated = (
  select max(lora.simulated) from json_each(output.settings, '$.loras') as used join lora on lora.id = used.value ->> '$.id'
) where json_valid(settings);
update job set simulated = (select max(simulated) from output where output.job_id = job.id) where simulated is null;
-- For the rest the mode that was chosen on the page. Where it came with each start, nothing tells.
update job set simulated = (select value = 'fast-test' from setting where key = 'mode' and value in ('fast-test', 'production'))
  where simulated is null;
update output set simulated = (select simulated from job where job.id = output.job_id) where simulated is null;
