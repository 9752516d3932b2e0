/**
 * Requests that fooled somebody before, for the tests of the gate. The strings are ready to be put into a path: they are
 * sent as they are, so a test has to write the request itself instead of letting a URL class tidy it up.
 */

const climbs = [
  "../", "..%2f", "..%2F", "%2e%2e/", "%2e%2e%2f", ".%2e/", "%2e./", "..\\", "..%5c", "%2e%2e%5c", "....//", "..../", "..;/", ".../",
  "./../",
  "..%00/", "..%252f", "%252e%252e%252f", "%25252e%25252e%25252f", "..%c0%af", "..%c1%9c", "%c0%ae%c0%ae/", "%e0%80%ae%e0%80%ae/",
  "..%ef%bc%8f",
  "..%u2215", "%uff0e%uff0e/", "..%0d/", "..%09/", "//..//", "/.//../",
];

/** Each climbs out of a folder towards a file that must stay closed, or is a name that some system reads in its own way. */
export const traversals: readonly string[] = [
  ...climbs.map((climb) => `${climb.repeat(6)}etc/passwd`),
  ...climbs.slice(0, 12).map((climb) => `${climb.repeat(3)}secrets${climb.includes("5c") || climb.includes("\\") ? "%5c" : "%2f"}token`),
  "%2fetc%2fpasswd", "/etc/passwd", "//etc/passwd", "%5cetc%5cpasswd", "file:%2f%2f%2fetc%2fpasswd", "C:%5cWindows%5cwin.ini",
  "C:/Windows/win.ini",
  "%5c%5cserver%5cshare%5cx", "%2fproc%2fself%2fenviron", "%2fdev%2fzero", "..", ".", "%2e", "%2e%2e", "...", "~",
  "~root%2f.ssh%2fid_rsa", "$HOME", "%24%7bHOME%7d",
  "%00", "token%00", "token%00.png", "x%0d%0aset-cookie:a=b", "x%0aX-Injected:%201", "%ff", "%80", "%", "%zz", "%2", "%F0%9F%99%82",
  "%E2%80%AE",
  "CON", "NUL.txt", "aux.png", "x%20", "x.", "x::$DATA", "*", "?", "%3f", "%23", "|id", "%60id%60", "$(id)", ";id",
  "%27%20or%201%3d1--", "%3Cscript%3E",
  "__proto__", "constructor", "toString", "null", "undefined", "NaN", "-1", "0", "1e999", "a".repeat(4000), "%61".repeat(1000),
];

/** Host headers for a server that listens on 127.0.0.1 and allows no further name. */
export const hostileHosts: readonly string[] = [
  "evil.example", "evil.example:8720", "127.0.0.1.evil.example", "127.0.0.1.nip.io", "localhost.evil.example", "evil-localhost",
  "localhost.", "localhost:", "localhost:99999",
  "localhost:80:80", "localhost@evil.example", "evil.example@localhost", "localhost,evil.example", "localhost evil.example", "0.0.0.0",
  "0.0.0.0:8720", "0", "127.1", "2130706433",
  "0x7f000001", "0177.0.0.1", "[::]", "[::ffff:127.0.0.1]", "[::1", "::1", "[::1]evil.example", "169.254.169.254", "192.168.0.1",
  "10.0.0.1:8720", "metadata.google.internal",
  "abc123-8720.proxy.runpod.net", "localhost/", "localhost/@evil.example", "localhost#", "localhost?x", "http://localhost",
  "lоcalhost", "-localhost", "localhost-", "*", "%6cocalhost", "a".repeat(300),
];

/** Origin headers of other sites for a server whose own page lies under `http://<ownHost>`, `ownHost` being a loopback name with port. */
export function hostileOrigins(ownHost: string): readonly string[] {
  const [name = "", port = "80"] = ownHost.split(":");
  return [
    "null", "", "undefined", "http://evil.example", "https://evil.example", `http://evil.example:${port}`, `https://${ownHost}`,
    `http://${name}:${Number(port) + 1}`, `http://${name}`,
    `http://${ownHost}.evil.example`, `http://${ownHost}@evil.example`, `http://evil.example@${ownHost}`,
    `http://evil.example/${ownHost}`, `http://evil.example#${ownHost}`, `http://${ownHost}/`,
    `http://${ownHost}:${port}`, `http://${ownHost}, http://evil.example`, `http://evil.example http://${ownHost}`,
    `http://x.${ownHost}`, `http://${name}.:${port}`, `http://0.0.0.0:${port}`,
    `http://2130706433:${port}`, `http://127.1:${port}`, `http://[::]:${port}`, `ws://${ownHost}`, `file://`, "data:text/html,x",
    `blob:http://${ownHost}`, ownHost, `//${ownHost}`,
    `http:/${ownHost}`, `http://evil-${ownHost}`, "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
    `https://abc123-${port}.proxy.runpod.net`, `http://${name}:0${port}`,
  ];
}
