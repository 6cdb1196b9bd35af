/** Speck's names of browsers, operating systems and kinds of devices for those that other tools write. */

const BROWSERS: ReadonlyMap<string, string> = new Map([
  ['android browser', 'Android Browser'],
  ['android webview', 'Mobile App'],
  ['chrome mobile', 'Chrome'],
  ['chrome mobile ios', 'Chrome'],
  ['chrome webview', 'Mobile App'],
  ['chromium-webview', 'Mobile App'],
  ['crios', 'Chrome'],
  ['edge', 'Microsoft Edge'],
  ['edge-chromium', 'Microsoft Edge'],
  ['edge-ios', 'Microsoft Edge'],
  ['firefox mobile', 'Firefox'],
  ['firefox mobile ios', 'Firefox'],
  ['fxios', 'Firefox'],
  ['ie', 'Internet Explorer'],
  ['ios', 'Safari'],
  ['ios-webview', 'Mobile App'],
  ['mobile safari', 'Safari'],
  ['opera mini', 'Opera'],
  ['opera mobile', 'Opera'],
  ['opera-mini', 'Opera'],
  ['safari (in-app)', 'Mobile App'],
  ['samsung', 'Samsung Browser'],
  ['samsung internet', 'Samsung Browser'],
  ['yandexbrowser', 'Yandex Browser'],
]);

/** In lower case, as umami writes all of them. */
const LOWER = /^[a-z]+$/;

/** A browser's name; `''` for none. */
export function browserOf(name: string): string {
  const known = BROWSERS.get(name.toLowerCase());
  if (known !== undefined) return known;
  return LOWER.test(name) ? name.slice(0, 1).toUpperCase() + name.slice(1) : unlessUnset(name);
}

const SYSTEMS: ReadonlyMap<string, string> = new Map([
  ['android os', 'Android'],
  ['chromium os', 'Chrome OS'],
  ['ipados', 'iOS'],
  ['linux', 'GNU/Linux'],
  ['mac', 'Mac'],
  ['mac os', 'Mac'],
  ['mac os x', 'Mac'],
  ['macintosh', 'Mac'],
  ['macos', 'Mac'],
  ['os x', 'Mac'],
]);

/** The name and version of an operating system, from texts such as `Windows 10` and `Mac OS`. */
export function systemOf(name: string, version = ''): { os: string; os_version: string } {
  const os = unlessUnset(name);
  const [, windows, release = ''] = /^(Windows) (\d[\d.]*|XP|Vista|ME|CE|Server \d+)$/i.exec(os) ?? [];
  if (windows !== undefined) return { os: 'Windows', os_version: release };
  return { os: SYSTEMS.get(os.toLowerCase()) ?? os, os_version: unlessUnset(version) };
}

const DEVICES: ReadonlyMap<string, string> = new Map([
  ['desktop', 'Desktop'],
  ['laptop', 'Desktop'],
  ['ultra-wide', 'Desktop'],
  ['mobile', 'Mobile'],
  ['phone', 'Mobile'],
  ['smartphone', 'Mobile'],
  ['feature phone', 'Mobile'],
  ['phablet', 'Mobile'],
  ['portable media player', 'Mobile'],
  ['tablet', 'Tablet'],
  ['tv', 'TV'],
  ['smart tv', 'TV'],
  ['smarttv', 'TV'],
  ['console', 'Console'],
  ['game console', 'Console'],
  ['wearable', 'Wearable'],
  ['camera', 'Embedded'],
  ['car browser', 'Embedded'],
  ['embedded', 'Embedded'],
  ['smart display', 'Embedded'],
  ['smart speaker', 'Embedded'],
]);

/** The kind of a device; `''` for one that has no name here. */
export function deviceOf(kind: string): string {
  return DEVICES.get(kind.toLowerCase()) ?? '';
}

/** What tools write for no value. */
function unlessUnset(text: string): string {
  return /^(?:\(not set\)|<blank>|unknown|unk|null|\(unknown\))$/i.test(text) ? '' : text;
}
