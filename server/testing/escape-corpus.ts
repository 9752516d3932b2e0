/** What terminals, pages and file names must not be made to do by the text of a tool or of a person. */
export const escapeCorpus: readonly string[] = [
  "\x1b[31mred\x1b[0m", "\x1b[2J\x1b[H", "\x1b[5A", "\x1b[?1049h", "\x1b[6n", "\x1bc", "\x1b(0", "\x1b[200~", "\x1b[12", "\x1b", "\x1b[>4;1m",
  "\x1b]0;title\x07", "\x1b]52;c;Y3VybCBldmls\x07", "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "\x1b]2;no end", "\x1b]1337;File=:AAAA\x07",
  "\x1bP+q544e\x1b\\", "\x1bPno end", "\x1bXsos\x1b\\", "\x1b^pm\x1b\\", "\x1b_apc\x1b\\",
  "\u009b31m", "\u009d0;title\u009c", "\u0090q\u009c", "\u0085", "\u202etxt.exe", "\u202a\u202b\u202c\u202d", "\u2066\u2067\u2068\u2069",
  "\0", "a\0b", "\x07\x08\x0b\x0c\x0e\x0f", "\x7f", "\b\b\b\b", "\ufeff", "\ud800", "\udfff\ud800", "%s%n%x", "${HF_TOKEN}", "$(reboot)", "`reboot`",
  "<img src=x onerror=alert(1)>", "javascript:alert(1)", "../../etc/passwd", "..\\..\\x", "CON", "{{7*7}}", "'; drop table job; --",
];

/** Characters that a terminal obeys, or that turn the direction of text around. A line break and a tab are none. */
export const obeyed = /(?![\n\t])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u;
