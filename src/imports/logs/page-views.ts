/** Tells which requests of an access log are page views, and makes events of them. */
import { detach } from '../../model/cache.ts';
import { hostOfUrl, normalHost, withoutWww } from '../../model/text/host.ts';
import type { ImportedEvent } from '../importer.ts';
import type { LogEntry } from './entry.ts';
import type { Includable, SkipReason } from './skipped.ts';

/**
 * Extensions of what nobody reads as a page of the site. A list of these rather than one of pages: a page's name may
 * end in anything (`/users/jane.doe`, `/release-1.2`), and one page too many is seen, one too few is not.
 */
const STATIC_EXTENSIONS = new Set(
  [
    // What pages are made of.
    'css less scss js mjs cjs map wasm json webmanifest htc swf',
    'png apng jpg jpeg jpe gif svg svgz webp avif ico cur bmp tif tiff heic jxl psd',
    'woff woff2 ttf otf eot',
    'mp3 m4a aac ogg oga opus wav flac mid midi mp4 m4v mov avi mkv webm ogv mpg mpeg wmv flv 3gp ts m3u8 mpd vtt srt',
    // Downloads.
    'pdf ps eps djvu epub mobi doc docx xls xlsx ppt pptx odt ods odp rtf csv tsv',
    'zip gz tgz bz2 tbz xz txz zst 7z rar tar lz lzma z jar war iso img dmg pkg exe msi msix deb rpm apk ipa appimage bin',
    'gem whl egg pyc class pcap crx xpi torrent asc sig sha1 sha256 sha512 md5',
    // What machines read: feeds, site maps, robots.txt and its like, style sheets of feeds.
    'txt xml xsl xslt rss atom rdf kml gpx ics vcf wsdl',
  ].flatMap((line) => line.split(' ')),
);

export interface PageView {
  /** The page's whole URL. */
  readonly url: string;
  readonly path: string;
}

export type Classified =
  | { readonly ok: true; readonly value: PageView }
  | { readonly ok: false; readonly error: SkipReason };

/** Which lines of a log of several hosts are counted, and the origin of paths. */
export class Site {
  readonly #origin: string;
  readonly #host: string;
  /** Without `www.`; null: all hosts. */
  readonly #hosts: ReadonlySet<string> | null;
  /** Whether a page is of its line's own host, rather than of the origin. */
  readonly #keepsHosts: boolean;
  /** The hosts of a log are few, unless it is attacked: then the latest are forgotten together. */
  readonly #origins = new Map<string, string | null>();

  /**
   * @param origin the site's, such as `https://example.com`.
   * @param hosts the hosts that are counted, each under its own name; `all`; or none: only the origin's, with and without `www.`
   */
  constructor(origin: string, hosts: readonly string[] | 'all' = []) {
    this.#origin = origin;
    this.#host = withoutWww(hostOfUrl(new URL(origin)));
    this.#keepsHosts = hosts === 'all' || hosts.length > 0;
    const counted = this.#keepsHosts ? hosts : [this.#host];
    this.#hosts =
      counted === 'all' ? null : new Set(counted.map((host) => withoutWww(normalHost(host) ?? host)));
  }

  /** The origin of a line's host, `''` if it names none; null if the host is of another site. */
  originOf(host: string): string | null {
    if (host === '') return this.#origin;
    if (host.length > LONGEST_HOST) return null;
    const known = this.#origins.get(host);
    if (known !== undefined) return known;
    if (this.#origins.size === MOST_HOSTS) this.#origins.clear();
    const normal = normalHost(host);
    const origin = normal !== null && this.#isCounted(normal) ? this.#own(normal) : null;
    // Detached: a part of a line keeps all lines in memory that were decoded with it.
    this.#origins.set(detach(host), origin);
    return origin;
  }

  /** Whether a page is of the site. */
  hasPage(url: URL): boolean {
    return this.#isCounted(hostOfUrl(url));
  }

  #isCounted(host: string): boolean {
    return this.#hosts === null || this.#hosts.has(withoutWww(host));
  }

  #own(host: string): string {
    if (!this.#keepsHosts || withoutWww(host) === this.#host) return this.#origin;
    return `${this.#origin.slice(0, this.#origin.indexOf('/'))}//${host}`;
  }
}

const MOST_HOSTS = 1000;
/** The longest name in DNS. */
const LONGEST_HOST = 253;

/** Whether a request is a page view of a site, whoever made it. */
export function classify(entry: LogEntry, site: Site, include: ReadonlySet<Includable>): Classified {
  const origin = site.originOf(entry.host);
  if (origin === null) return { ok: false, error: 'elsewhere' };
  if (!entry.request) return { ok: false, error: 'garbage' };
  const { method, target } = entry.request;
  if (method !== 'GET' && !include.has('methods')) return { ok: false, error: 'methods' };
  const url = urlOf(target, origin);
  if (!url) return { ok: false, error: 'garbage' };
  // A path is of the origin that its line's host has.
  if (!target.startsWith('/') && !site.hasPage(url)) return { ok: false, error: 'elsewhere' };

  const answer = answerOf(entry.status);
  if (answer !== 'page' && !include.has(answer)) return { ok: false, error: answer };
  if (isStatic(url.pathname) && !include.has('static')) return { ok: false, error: 'static' };
  return { ok: true, value: { url: url.href, path: url.pathname } };
}

/** A request names a path, or, asked as a proxy would be, a whole URL. */
function urlOf(target: string, origin: string): URL | null {
  if (target.startsWith('/')) return URL.parse(origin + target);
  return /^https?:\/\//i.test(target) ? URL.parse(target) : null;
}

/** 304 is a page that the browser still has: it was viewed all the same. */
function answerOf(status: number | null): 'page' | 'errors' | 'redirects' {
  if (status === 304) return 'page';
  if (status === null || status < 200 || status >= 400) return 'errors';
  return status < 300 ? 'page' : 'redirects';
}

function isStatic(path: string): boolean {
  // What every site keeps for machines: https://www.rfc-editor.org/rfc/rfc8615
  if (path.startsWith('/.well-known/')) return true;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot >= 0 && STATIC_EXTENSIONS.has(name.slice(dot + 1).toLowerCase());
}

/** A page view as an event. */
export interface PageViewEvent extends ImportedEvent {
  readonly eid: string;
  readonly ip: string;
  readonly ua: string;
}

/** @param ts its moment in epoch milliseconds. */
export function eventOf(entry: LogEntry, page: PageView, eid: string, ts: number): PageViewEvent {
  return {
    dl: page.url,
    ...(entry.referer === '' ? {} : { rl: entry.referer }),
    eid,
    ts,
    ip: entry.address,
    ua: entry.userAgent,
    ...(entry.country === undefined ? {} : { country: entry.country }),
  };
}
