/** Hosts that are not ours: rebinding names, look-alikes, other pods, malformed ones. */
export const hostileHosts: readonly string[] = [
  "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.localhost.example", "10.0.0.1", "192.168.1.2", "169.254.169.254",
  "abc-8720.proxy.runpod.net", "localhost:99999", "localhost:", "localhost:80:80", "user@localhost", "localhost/", "[::2]", "0x7f000001", "2130706433",
  "localhost.", "lo calhost", "localhost,evil.example", "",
];

/** Origins that are not ours, for a page that is reached as http://localhost. */
export const hostileOrigins: readonly string[] = [
  "null", "http://evil.example", "https://localhost", "http://localhost:1", "http://127.0.0.1", "http://localhost.evil.example", "http://LOCALHOST",
  "http://localhost.", "http://user@localhost", "http://localhost/", "http://localhost:99999", "http://[::1]", "file://", "chrome-extension://abc",
  "http://localhost http://evil.example", "javascript:alert(1)", "ws://localhost", "//localhost", "localhost", "http://abc-1.proxy.runpod.net",
];

/** Ways out of a folder that peers fell for, and some that nobody should try. */
export const traversals: readonly string[] = [
  "../canary.txt", "..\\canary.txt", "../../canary.txt", "../../../etc/passwd", "/etc/passwd", "//etc/passwd", "....//canary.txt", "..;/canary.txt",
  "%2e%2e%2fcanary.txt", "%2e%2e/canary.txt", "..%2fcanary.txt", "..%5ccanary.txt", "%252e%252e%252fcanary.txt", "..%c0%afcanary.txt",
  "..%ef%bc%8fcanary.txt", "\u2025/canary.txt", ".%00./canary.txt", "canary.txt%00.png", "file:///etc/passwd", "~/canary.txt", "$HOME", "${HOME}",
  "C:\\Windows\\win.ini", "\\\\host\\share", "CON", "a/../../canary.txt", "./canary.txt", ".", "..", "...", "%2e", "%2e%2e", "*", "?", "#", ";ls",
  "|ls", "`ls`", "$(ls)", "' or 1=1 --", "\"; drop table character; --", "<script>", "__proto__", "constructor", "toString", "\r\nX: y", "a".repeat(3000),
  "data/secrets/token", "../data/secrets/token", "../../data/secrets/token", "../state.db", "state.db", "chr-%2e%2e", "pho-../../canary.txt",
];
