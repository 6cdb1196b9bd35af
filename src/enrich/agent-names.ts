/**
 * One name in one case for each browser and system. The parser copies many names from the user agent as they stand there
 * (`Chrome`, `chrome`, `CHROME`), and some it calls otherwise than Plausible's Stats API, whose clients are to find what they ask
 * for.
 */

/** Names that the parser gives to browsers, in lower case, and ours. A browser has one name wherever it runs: on what, the kind of device tells. */
const BROWSERS: ReadonlyMap<string, string> = new Map([
  ...cased(
    'AVG Secure Browser,DuckDuckGo,GoBrowser,HeyTap,IceCat,IceDragon,K-Meleon,KAKAOTALK,KakaoStory,LBBROWSER,LibreWolf,LinkedIn,' +
      'MIUI Browser,NAVER,NetFront,NetSurf,NokiaBrowser,OmniWeb,Opera GX,OviBrowser,PaleMoon,PhantomJS,QQBrowser,QQBrowserLite,' +
      'QupZilla,RockMelt,SeaMonkey,SlimBoat,SlimBrowser,TikTok,UP.Browser,WeChat,WebKit,iCab,w3m',
  ),
  ['mobile safari', 'Safari'],
  ['mobilesafari', 'Safari'],
  ['edge', 'Microsoft Edge'],
  ['samsung internet', 'Samsung Browser'],
  ['opera mini', 'Opera'],
  ['opera mobi', 'Opera'],
  ['opera mobile', 'Opera'],
  ['opera tablet', 'Opera'],
  ['ie', 'Internet Explorer'],
  ['iemobile', 'Internet Explorer'],
  ['yandex', 'Yandex Browser'],
  ['ucbrowser', 'UC Browser'],
  ['chrome webview', 'Mobile App'],
  ['gsa', 'Google Search App'],
]);

const SYSTEMS: ReadonlyMap<string, string> = new Map([
  ...cased(
    'AIX,AmigaOS,Android-x86,BeOS,BlackBerry,CentOS,DragonFly,FreeBSD,GNU,GhostBSD,HP-UX,HarmonyOS,KaiOS,MeeGo,MorphOS,NETTV,NetBSD,' +
      'NetRange,OS/2,OpenBSD,OpenHarmony,OpenSolaris,OpenVMS,PC-BSD,PCLinuxOS,PlayStation,QNX,RIM Tablet OS,RISC OS,SUSE,SerenityOS,' +
      'UNIX,VIERA,VectorLinux,elementary OS,iOS,openSUSE,watchOS,webOS,Firefox OS,Windows IoT,Windows Phone OS',
  ),
  ['mac os', 'Mac'],
  ['linux', 'GNU/Linux'],
  ['chromium os', 'Chrome OS'],
]);

/** The name of a browser that the parser calls so, in any case; `''` for none. */
export function browserName(name = ''): string {
  return BROWSERS.get(name.toLowerCase()) ?? capitalised(name);
}

/** The same for an operating system. */
export function systemName(name = ''): string {
  return SYSTEMS.get(name.toLowerCase()) ?? capitalised(name);
}

function cased(names: string): [string, string][] {
  return names.split(',').map((name) => [name.toLowerCase(), name]);
}

/** Each word with a capital letter, as most names are written. */
function capitalised(name: string): string {
  return name.toLowerCase().replace(/(?<![a-z])[a-z]/g, (letter) => letter.toUpperCase());
}
