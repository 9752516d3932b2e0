/** Numbers and times in words. Lengths are in the unit that the name says. */

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** In the units of the server's sentences and of nvidia-smi: the same room never reads as two numbers. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = -1;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const oneDecimalBelow = unit >= 2 ? 99.95 : 9.95;
  return `${value < oneDecimalBelow ? value.toFixed(1) : Math.round(value).toLocaleString("en")} ${units[unit]}`;
}

/** "40 s", "12 min", "3 h 12 min", "2 days". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.round(whole / 60)} min`;
  if (whole < 86_400) {
    const minutes = Math.floor((whole % 3600) / 60);
    return minutes === 0 ? `${Math.floor(whole / 3600)} h` : `${Math.floor(whole / 3600)} h ${minutes} min`;
  }
  return plural(Math.floor(whole / 86_400), "day");
}

/** The rest of a job, rounded so that it does not flicker: to 1 min above 5 min, to 10 s below. */
export function formatTimeLeft(seconds: number): string {
  if (seconds > 300) return `about ${formatDuration(Math.round(seconds / 60) * 60)} left`;
  if (seconds > 10) return `about ${formatDuration(Math.ceil(seconds / 10) * 10)} left`;
  return "a few seconds left";
}

export function formatAge(fromIso: string, nowMs: number): string {
  const seconds = Math.max(0, (nowMs - Date.parse(fromIso)) / 1000);
  if (!Number.isFinite(seconds)) return "at an unknown time";
  return seconds < 5 ? "just now" : `${formatDuration(seconds)} ago`;
}

export function formatClock(timeMs: number, withSeconds = false): string {
  const options: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hour12: false };
  if (withSeconds) options.second = "2-digit";
  return new Date(timeMs).toLocaleTimeString("en-GB", options);
}

function formatDate(iso: string): string {
  return new Date(iso).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
}

export function formatDateTime(iso: string): string {
  return `${formatDate(iso)}, ${formatClock(Date.parse(iso))}`;
}

export function formatPercent(fraction: number): string {
  return `${Math.floor(Math.min(1, Math.max(0, fraction)) * 100)} %`;
}

export function formatMib(mib: number): string {
  return `${(mib / 1024).toFixed(1)} GiB`;
}
