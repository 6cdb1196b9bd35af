/**
 * One name for each browser and operating system. The parser copies many names from the user agent in any case (`Chrome`, `chrome`,
 * `CHROME`). Some names are replaced by those of Plausible's Stats API, since its clients filter by them.
 */

/** The parser's names of browsers, in lower case, and Speck's. A browser has the same name on every device. */
const BROWSERS: ReadonlyMap<string, string> = new Map([
  ...cased(
    'AVG Secure Browser,DuckDuckGo,GoBrowser,HeyTap,IceCat,IceDragon,K-Meleon,KAKAOTALK,KakaoStory,LBBROWSER,LibreWolf,LinkedIn,' +
      'MIUI Browser,NAVER,NetFront,NetSurf,NokiaBrowser,OmniWeb,Opera GX,OviBrowser,PaleMoon,PhantomJS,QQBrowser,QQBrowserLite,' +
      'QupZilla,RockMelt,SeaMonkey,SlimBoat,SlimBrowser,TikTok,UC Browser,UP.Browser,WeChat,WebKit,iCab,w3m',
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
    'AIX,AmigaOS,Android-x86,BeOS,BlackBerry,CentOS,Chrome OS,DragonFly,FreeBSD,GNU,GNU/Linux,GhostBSD,HP-UX,HarmonyOS,KaiOS,MeeGo,MorphOS,NETTV,NetBSD,' +
      'NetRange,OS/2,OpenBSD,OpenHarmony,OpenSolaris,OpenVMS,PC-BSD,PCLinuxOS,PlayStation,QNX,RIM Tablet OS,RISC OS,SUSE,SerenityOS,' +
      'UNIX,VIERA,VectorLinux,elementary OS,iOS,openSUSE,watchOS,webOS,Firefox OS,Windows IoT,Windows Phone OS',
  ),
  ['mac os', 'Mac'],
  ['linux', 'GNU/Linux'],
  ['chromium os', 'Chrome OS'],
]);

/** Speck's name for the parser's name of a browser, in any case; `''` for none. */
export function browserName(name = ''): string {
  return BROWSERS.get(name.toLowerCase()) ?? capitalised(name);
}

/** Speck's name for the parser's name of an operating system, in any case; `''` for none. */
export function systemName(name = ''): string {
  return SYSTEMS.get(name.toLowerCase()) ?? capitalised(name);
}

function cased(names: string): [string, string][] {
  return names.split(',').map((name) => [name.toLowerCase(), name]);
}

/** A name with a capital letter at the beginning of each word. */
function capitalised(name: string): string {
  return name.toLowerCase().replace(/(?<![a-z])[a-z]/g, (letter) => letter.toUpperCase());
}
