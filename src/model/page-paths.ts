/**
 * Where pages reach the Worker: the paths of script and collector, and the URL in front of them. Owners set them because lists that
 * block third-party trackers match names, also those of first-party counts without cookies. docs/tag.md says when that is decent.
 */
import { isLoopback } from './loopback.ts';

/** The settings, as the environment has them. */
export interface PathSettings {
  readonly SCRIPT_PATH?: string;
  readonly COLLECT_PATH?: string;
  readonly PUBLIC_URL?: string;
}

export interface PagePaths {
  /** The script's name without `.js`, with which the names of its other files begin: `speck`, or `a` of `/a.js`. */
  readonly script: string;
  /** The name of the collector for images and beacons: `x` of `/x`. Empty: they have names of their own. */
  readonly collector: string;
  /** The URL of the Worker for pages, without a slash at its end: `https://example.com/stats`. Empty: as it was requested. */
  readonly url: string;
  /** The path of that URL: `/stats`, or `''`. */
  readonly prefix: string;
  /** What is wrong with the settings, as sentences. A wrong setting does not count. */
  readonly problems: readonly string[];
}

/** First parts of paths that are Speck's own. `xx_XX` is where Meta's snippet looks for its script. */
const OWN = /^(api|app|badge|beacon|health|opt-out|p\.gif|privacy|speck\b.*|tr|[a-z]{2}_[a-z]{2})$/i;
const MAX_LENGTH = 64;
/** One part of a path, of characters that no client encodes. */
const PART = /^\/[\w~][\w.~-]*$/;

/** The endings of the files that the tag consists of. */
const FILES = ['.js', '.plus.js', '.meta.js', '.all.js', '.send.js', '.hash.js', '.relay.js'];

export function pagePaths({ SCRIPT_PATH = '', COLLECT_PATH = '', PUBLIC_URL = '' }: PathSettings): PagePaths {
  const problems: string[] = [];
  let script = 'speck';
  if (SCRIPT_PATH !== '' && SCRIPT_PATH !== '/speck.js') {
    const name = SCRIPT_PATH.slice(1).replace(/\.js$/, '');
    if (!isPart(SCRIPT_PATH) || !SCRIPT_PATH.endsWith('.js') || name === '' || name.includes('.')) {
      problems.push(
        `SCRIPT_PATH is ${quoted(SCRIPT_PATH)}; set it to one name that ends in .js, such as "/a.js".`,
      );
    } else if (OWN.test(name)) problems.push(taken('SCRIPT_PATH', SCRIPT_PATH));
    else script = name;
  }
  let collector = '';
  if (COLLECT_PATH !== '') {
    const name = COLLECT_PATH.slice(1);
    if (!isPart(COLLECT_PATH)) {
      problems.push(`COLLECT_PATH is ${quoted(COLLECT_PATH)}; set it to one name, such as "/x".`);
    } else if (OWN.test(name) || FILES.some((ending) => script + ending === name)) {
      problems.push(taken('COLLECT_PATH', COLLECT_PATH));
    } else collector = name;
  }
  const url = readUrl(PUBLIC_URL);
  if (typeof url === 'string') problems.push(url);
  const { origin = '', prefix = '' } = typeof url === 'string' ? {} : url;
  return { script, collector, url: origin + prefix, prefix, problems };
}

const quoted = (value: string): string => JSON.stringify(value.slice(0, 2 * MAX_LENGTH));

const taken = (setting: string, value: string): string =>
  `${setting} is ${quoted(value)}, which is a path of Speck's own; choose another name.`;

function isPart(path: string): boolean {
  return PART.test(path) && path.length <= MAX_LENGTH;
}

/** The parts of PUBLIC_URL, or what is wrong with it. */
function readUrl(text: string): { readonly origin: string; readonly prefix: string } | string {
  if (text === '') return { origin: '', prefix: '' };
  const url = URL.parse(text);
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (!url || !isSafe || url.username !== '' || url.search !== '' || url.hash !== '') {
    return `PUBLIC_URL is ${quoted(text)}; set it to an https URL, such as "https://example.com/stats".`;
  }
  const prefix = url.pathname.replace(/\/$/, '');
  const parts = prefix.split('/').slice(1);
  if (prefix.length > MAX_LENGTH || !parts.every((part) => PART.test(`/${part}`))) {
    return `PUBLIC_URL is ${quoted(text)}; its path may have letters, digits and the characters - . _ ~ only.`;
  }
  return OWN.test(parts[0] ?? '') ? taken('PUBLIC_URL', text) : { origin: url.origin, prefix };
}

/**
 * The path by which Speck knows a path that pages request; null if it is not one of these.
 * @param path as it was requested: `/stats/a.plus.js`.
 */
export function knownPath(path: string, { script, prefix }: PagePaths): string | null {
  const isInside = prefix !== '' && path.startsWith(`${prefix}/`);
  const inner = isInside ? path.slice(prefix.length) : path;
  const file = FILES.find((ending) => inner === `/${script}${ending}`);
  if (file !== undefined) return `/speck${file}`;
  return isInside ? inner : null;
}

/** Writes the paths into a script of the tag, in place of the usual names. */
export function withPaths(text: string, { script, collector }: PagePaths): string {
  const named = text.replace(/\bspeck\.(?=\$\{|"\])/g, () => `${script}.`);
  return collector === '' ? named : named.replace(/(?<=`)(?:beacon|p\.gif)(?=`)/g, () => collector);
}
