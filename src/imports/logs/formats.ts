/** The formats of access logs, and how the format of a log is recognized: by the lines that it begins with. */
import { applicationReader, classicReader, s3Reader } from './aws.ts';
import { CombinedReader, HostLastReader, isNamedHost } from './combined.ts';
import type { LineReader, LogEntry } from './entry.ts';
import { CloudfrontReader, W3cReader } from './fields.ts';
import { anyJsonReader, caddyReader, cloudflareReader, cloudfrontJsonReader, traefikReader } from './json.ts';

export interface LogFormat {
  readonly title: string;
  readonly open: () => LineReader;
  /** Whether entries that were read are evidence of this format rather than another that has the same lines. */
  readonly isProof?: (entry: LogEntry) => boolean;
}

/** In the order in which they are preferred, if several formats have the same lines. */
export const LOG_FORMATS = {
  'combined-host': {
    title: "Apache's and nginx's combined format with the host at the end of each line",
    open: () => new HostLastReader(),
    isProof: isNamedHost,
  },
  combined: {
    title: "Apache's and nginx's combined and common formats, also with the host in front",
    open: () => new CombinedReader(),
  },
  cloudfront: { title: "CloudFront's standard logs", open: () => new CloudfrontReader() },
  w3c: { title: "W3C's extended log format, as IIS writes it", open: () => new W3cReader() },
  alb: { title: "Amazon's application load balancers", open: applicationReader },
  elb: { title: "Amazon's classic load balancers", open: classicReader },
  s3: { title: "Amazon S3's server access logs", open: s3Reader },
  caddy: { title: "Caddy's JSON", open: caddyReader },
  traefik: { title: "Traefik's JSON", open: traefikReader },
  cloudflare: { title: "Cloudflare's Logpush of HTTP requests", open: cloudflareReader },
  'cloudfront-json': { title: "CloudFront's standard logs in JSON", open: cloudfrontJsonReader },
  json: { title: "nginx's and others' JSON, by the usual names of fields", open: anyJsonReader },
} as const satisfies Readonly<Record<string, LogFormat>>;

export type LogFormatName = keyof typeof LOG_FORMATS;

export const LOG_FORMAT_NAMES = Object.keys(LOG_FORMATS) as LogFormatName[];

/** The format of a log whose format is unknown: every line is then reported as unreadable in it. */
export const DEFAULT_FORMAT: LogFormatName = 'combined';

/** The bytes that a format is recognized by. */
export const RECOGNIZED_BYTES = 32 * 1024;
const RECOGNIZED_LINES = 25;

export interface Recognized {
  /** Null if not one line could be read in any format. */
  readonly format: LogFormatName | null;
  /** How many of the first lines could be read in the format. */
  readonly read: number;
  /** How many lines were tried, without those that only describe others. */
  readonly tried: number;
}

/** Recognizes the format by a log's first bytes: the format in which the most of its first lines can be read. */
export function recognizeFormat(start: Uint8Array): Recognized {
  const lines = firstLines(start);
  let best: Recognized = { format: null, read: 0, tried: lines.length };
  for (const format of LOG_FORMAT_NAMES) {
    const counted = countReadable(format, lines);
    if (counted.read > best.read) best = { format, ...counted };
  }
  return best;
}

/** The whole lines among a text's first bytes; its only line, if it has no whole one. */
function firstLines(start: Uint8Array): readonly string[] {
  const lines = new TextDecoder().decode(start).split('\n');
  const whole = lines.length > 1 ? lines.slice(0, -1) : lines;
  return whole
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => line.trim() !== '')
    .slice(0, RECOGNIZED_LINES);
}

function countReadable(format: LogFormatName, lines: readonly string[]): { read: number; tried: number } {
  const { open, isProof }: LogFormat = LOG_FORMATS[format];
  const reader = open();
  const results = lines.map((line) => reader.read(line, true)).filter((result) => result !== null);
  const entries = results.flatMap((result) => (result.ok ? [result.value] : []));
  // An address in a header that a client made up must not make a host of the field that logs it.
  const isProven = !isProof || entries.filter(isProof).length * 2 > entries.length;
  return { read: isProven ? entries.length : 0, tried: results.length };
}
