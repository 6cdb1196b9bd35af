/** Tells which requests of an access log are page views, and makes events of them as `POST /api/v1/events` takes them. */
import { createHash } from 'node:crypto';
import { hostOfUrl, normalHost, withoutWww } from '../../src/model/text/host.ts';
import type { LogEntry } from './access-log.ts';

/** Why a request is not a page view. The first four can be counted nevertheless: `--include`. */
export const SKIPPED = {
  static: 'files that pages are made of, downloads, feeds, robots.txt',
  errors: 'answered with an error, or not at all',
  redirects: 'answered with a redirect',
  methods: 'not a GET',
  elsewhere: 'for another site: of another virtual host, or the server was tried as a proxy',
  garbage: 'not a request for a page at all, such as a port scan',
} as const;

export type SkipReason = keyof typeof SKIPPED;
export const INCLUDABLE = ['static', 'errors', 'redirects', 'methods'] as const;
export type Includable = (typeof INCLUDABLE)[number];

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
}

export type Classified =
  | { readonly ok: true; readonly value: PageView }
  | { readonly ok: false; readonly error: SkipReason };

/** Whether a request is a page view of the site at `origin`. */
export function classify(entry: LogEntry, origin: string, include: ReadonlySet<Includable>): Classified {
  if (entry.host !== '' && !isOfSite(entry.host, origin)) return { ok: false, error: 'elsewhere' };
  if (!entry.request) return { ok: false, error: 'garbage' };
  const { method, target } = entry.request;
  if (method !== 'GET' && !include.has('methods')) return { ok: false, error: 'methods' };
  const url = urlOf(target, origin);
  if (!url) return { ok: false, error: 'garbage' };
  if (!sameSite(url, origin)) return { ok: false, error: 'elsewhere' };

  const answer = answerOf(entry.status);
  if (answer !== 'page' && !include.has(answer)) return { ok: false, error: answer };
  if (isStatic(url.pathname) && !include.has('static')) return { ok: false, error: 'static' };
  return { ok: true, value: { url: url.href } };
}

/** A request names a path, or, asked as a proxy would be, a whole URL. */
function urlOf(target: string, origin: string): URL | null {
  if (target.startsWith('/')) return URL.parse(origin + target);
  return /^https?:\/\//i.test(target) ? URL.parse(target) : null;
}

/** With or without `www.`, over http or https: to a visitor it is one site. */
function sameSite(url: URL, origin: string): boolean {
  return isOfSite(hostOfUrl(url), origin);
}

function isOfSite(host: string, origin: string): boolean {
  return withoutWww(normalHost(host) ?? '') === withoutWww(hostOfUrl(new URL(origin)));
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

/** An event in the native fields of `POST /api/v1/events`. */
export interface ImportedEvent {
  readonly id: string;
  readonly ev: 'pageview';
  readonly dl: string;
  readonly rl?: string;
  readonly eid: string;
  readonly ts: number;
  readonly ip: string;
  readonly ua: string;
}

export function eventOf(entry: LogEntry, page: PageView, pixel: string, eid: string): ImportedEvent {
  return {
    id: pixel,
    ev: 'pageview',
    dl: page.url,
    ...(entry.referer === '' ? {} : { rl: entry.referer }),
    eid,
    ts: entry.time,
    ip: entry.address,
    ua: entry.userAgent,
  };
}

/**
 * Gives each line an event id that the same line gets in every import: a hash of its text, and which of the identical
 * lines it is, since two requests within a second may leave the same text twice.
 *
 * Identical lines stand close together in a log, their time being part of the text. So only some latest lines are
 * remembered, and memory stays bounded whatever the size of the log.
 */
export class LineIds {
  readonly #remembered: number;
  #recent = new Map<string, number>();
  #older = new Map<string, number>();

  /** @param remembered How many different lines are remembered at least. */
  constructor(remembered = 100_000) {
    this.#remembered = remembered;
  }

  idOf(line: string): string {
    const hash = createHash('sha256').update(line).digest('base64url').slice(0, 22);
    const ordinal = (this.#recent.get(hash) ?? this.#older.get(hash) ?? 0) + 1;
    this.#recent.set(hash, ordinal);
    if (this.#recent.size >= this.#remembered) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    return `log_${hash}_${ordinal}`;
  }
}

/**
 * A log's times are whole seconds, and a visit's first and last page depend on which of two lines came first. So each
 * page view of a second gets the next millisecond of it. A line that is imported again is known by its id, whatever its
 * millisecond.
 */
export class LineMoments {
  readonly #remembered: number;
  #recent = new Map<number, number>();
  #older = new Map<number, number>();

  /** @param remembered How many different seconds are remembered at least: lines are written as answers end. */
  constructor(remembered = 10_000) {
    this.#remembered = remembered;
  }

  momentOf(time: number): number {
    const place = this.#recent.get(time) ?? this.#older.get(time) ?? 0;
    this.#recent.set(time, place + 1);
    if (this.#recent.size >= this.#remembered) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    return time + Math.min(place, 999);
  }
}
