/** What the files of the networks have in common: units, fields of a destination, and how an answer is read and recorded. */
import type { Answer, SentField } from '../../model/delivery.ts';
import type { Destination } from '../../model/destination.ts';
import { BASE64, fromBase64, unescaped } from '../encoded.ts';
import type {
  Access,
  DestinationField,
  EventVerdict,
  Json,
  JsonObject,
  Network,
  RelayResponse,
  Verdict,
} from '../network.ts';

/** Characters of a network's message that the ledger stores; of a code and of a trace. */
export const MESSAGE_CHARACTERS = 300;
const TRACE_CHARACTERS = 200;
/** Characters of a message that are searched for what was sent. */
const SEARCHED_CHARACTERS = 4000;
/** A value that was sent is found in a message by so many of its first characters, since networks cut what they repeat. */
const PREFIX_CHARACTERS = 12;
/** What stands in a message instead of something that was sent. */
const REMOVED = '[…]';

/** An amount in millionths as a number: the division yields the double that is nearest to the decimal, so it prints without noise. */
export const amountOf = (millionths: number): number => millionths / 1e6;

/** An amount in millionths as a text with two decimals, or as many more as it has: `12.50`, `0.001`. */
export function amountTextOf(millionths: number): string {
  const digits = String(Math.abs(millionths)).padStart(7, '0');
  const decimals = digits.slice(-6).replace(/0{1,4}$/, '');
  return `${millionths < 0 ? '-' : ''}${digits.slice(0, -6)}.${decimals}`;
}

/** Epoch milliseconds as whole seconds. */
export const secondsOf = (ms: number): number => Math.floor(ms / 1000);

/**
 * The setting for a host: `https://` and a name, or any port of this machine for tests, with a path in front of the network's own if there is a proxy.
 * It ends without a slash. A network with several hosts gives each a name of its own.
 */
export function hostField(
  value: string,
  name = 'host',
  label = 'Host',
  help = 'Where the API is. Change it only to send through a proxy of your own, or for a test.',
): DestinationField {
  return { name, label, help, pattern: HOST, default: value };
}
const HOST =
  /^(?:https:\/\/[A-Za-z\d](?:[A-Za-z\d.\-]*[A-Za-z\d])?|http:\/\/(?:localhost|127\.0\.0\.1|\[::1\]))(?::\d{1,5})?(?:\/[\w.~\-]+)*$/v;

/** The setting for the version of an API, which ends some day. */
export function versionField(
  value: string,
  help: string,
  pattern: RegExp = /^v\d{1,3}$/,
  label = 'API version',
): DestinationField {
  return { name: 'version', label, help, pattern, default: value };
}

/** A name of an event in one line, where any name will do. */
export const EVENT_NAME = /^[^\s\p{C}](?:[^\p{C}]{0,98}[^\s\p{C}])?$/u;

/** Whether a status says that the same request may succeed later. */
export const isTransient = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** A token that is sent as `Bearer`. */
export const TOKEN = /^[\w.~+\/=\-]{16,4096}$/v;

/** Whether the visitor's IP address and user agent are sent, to a network that accepts them but does not need them. */
export function clientField(title: string): DestinationField {
  return {
    name: 'client',
    label: 'IP address and user agent',
    help: `“yes” also sends the visitor’s IP address and user agent, so ${title} finds more people. “no” sends neither.`,
    pattern: /^(?:yes|no)$/,
    default: 'no',
  };
}

/** A setting of a destination, or its default. */
export function settingOf(
  { settings }: Pick<Destination, 'settings'>,
  { name, default: value = '' }: DestinationField,
): string {
  return settings[name] ?? value;
}

/** The JSON of a body; undefined if it is none. Never throws. */
export function jsonOf(body: string): Json | undefined {
  try {
    return JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
}

/** What stands in JSON at a path of keys and indexes; undefined if there is nothing. */
export function valueAt(json: Json | undefined, ...path: readonly (string | number)[]): Json | undefined {
  return path.reduce<Json | undefined>((value, key) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    return (value as Readonly<Record<string | number, Json>>)[key];
  }, json);
}

/** The text or number at a path, as a text; `''` if there is none. */
export function textAt(json: Json | undefined, ...path: readonly (string | number)[]): string {
  const value = valueAt(json, ...path);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** The array at a path; empty if there is none. */
export function listAt(json: Json | undefined, ...path: readonly (string | number)[]): readonly Json[] {
  const value = valueAt(json, ...path);
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

/** An answer with the parts that the network gave. `verdictOf` removes from it what was sent, and cuts it. */
export function answerOf(response: RelayResponse, parts: Partial<Omit<Answer, 'status'>> = {}): Answer {
  return { status: response.status, code: '', message: '', trace: '', advice: '', ...parts };
}

/** The seconds of a `Retry-After` header, which has them or a date; null if there is none. */
export function retryAfterOf({ headers }: RelayResponse, now: number): number | null {
  const value = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const at = value.endsWith('GMT') ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - now) / 1000));
}

/** The same verdict for each event of a batch. */
export function each(count: number, event: EventVerdict): Verdict {
  return { kind: 'each', events: Array.from({ length: count }, () => event) };
}

/** What an answer to a batch means, without anything of the batch or the secret in the recorded answers. */
export function verdictOf(
  network: Pick<Network, 'verdict'>,
  response: RelayResponse,
  events: readonly JsonObject[],
  access: Access,
): Verdict {
  const verdict = network.verdict(response, events.length, access);
  let personal: readonly string[] | undefined;
  // Most events of a batch share an answer. To search it for everything that was sent takes longer than the rest of a delivery.
  const cleaned = new Map<Answer, Answer>();
  const clean = (answer: Answer): Answer => {
    if (answer.message === '' && answer.code === '' && answer.trace === '') return answer;
    const known = cleaned.get(answer);
    if (known !== undefined) return known;
    personal ??= personalValues(events, access);
    const result = recorded(answer, personal);
    cleaned.set(answer, result);
    return result;
  };
  if (verdict.kind === 'each') {
    return {
      kind: 'each',
      events: verdict.events.map((event) => ({ ...event, answer: clean(event.answer) })),
    };
  }
  return { ...verdict, answer: clean(verdict.answer) };
}

/** An answer of another request of a network (a token, a follow-up), without the secret or anything that looks personal. */
export function cleanAnswer(answer: Answer, access: Access): Answer {
  return recorded(answer, personalValues([], access));
}

/** The fields of a network's event, each once: the path of each value, without the indexes of lists. */
export function sentFields(event: JsonObject): SentField[] {
  const fields = new Map<string, boolean>();
  for (const { path, value } of leaves(event)) {
    fields.set(path, (fields.get(path) ?? false) || isHash(value));
  }
  return Array.from(fields, ([name, hashed]) => ({ name, hashed }));
}

/** Whether a value is a SHA-256 in hex. */
function isHash(value: Json): boolean {
  return typeof value === 'string' && /^[\da-f]{64}$/i.test(value);
}

function* leaves(value: Json, path = ''): Generator<{ readonly path: string; readonly value: Json }> {
  if (typeof value !== 'object' || value === null) {
    yield { path, value };
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    yield* leaves(item, Array.isArray(value) ? path : path === '' ? key : `${path}.${key}`);
  }
}

/** The texts of a batch that are not words of the API, and the secret; each once, as `lowered` makes it. */
function personalValues(events: readonly JsonObject[], { destination, secret }: Access): readonly string[] {
  const own = new Set([
    destination.account,
    ...Object.values(destination.settings),
    ...destination.rules.map(({ as }) => as),
  ]);
  const values = new Set<string>();
  for (const event of events) {
    for (const { value } of leaves(event)) {
      // In the query of an address, a space is written as a plus sign.
      if (typeof value === 'string' && !isWord(value) && !own.has(value))
        values.add(value).add(value.replaceAll(' ', '+'));
    }
  }
  if (secret !== '') values.add(secret).add(encodeURIComponent(secret));
  return [...new Set(Array.from(values, lowered))];
}

/** Whether a text is a word of an API, a currency or a number of at most four digits, such as `page_view`, `SHA256_EMAIL` or `EUR`. */
function isWord(value: string): boolean {
  return value.length < 5 || /^(?:[a-z_]{1,24}|[A-Z_]{1,24}|[A-Z]+\d*(?:_[A-Z]+)+)$/.test(value);
}

function recorded({ status, code, message, trace, advice }: Answer, personal: readonly string[]): Answer {
  return {
    status,
    code: without(code, personal).slice(0, TRACE_CHARACTERS),
    message: without(message, personal).replace(PART_OF_HASH, REMOVED).slice(0, MESSAGE_CHARACTERS).trimEnd(),
    trace: without(trace, personal).slice(0, TRACE_CHARACTERS),
    advice,
  };
}

/** What looks like a hash, an e-mail address, an IP address, a phone number or a user agent, whoever wrote it. */
const PERSONAL =
  /\b[\da-f]{64}\b|[^\s"'<>()[\]{},;:=]{1,64}@[^\s"'<>()[\]{},;:=]{1,255}|\b(?:\d{1,3}\.){3}\d{1,3}\b|\b[\da-f]{1,4}(?::[\da-f]{0,4}){3,7}(?![\da-f])|\+\d[\d ().-]{5,24}\d|\bMozilla\/\d[^"'<>\n]*/gi;

/** A network's trace id may look like this, but nothing else that is recorded. */
const PART_OF_HASH = /\b(?=[a-f]*\d)[\da-f]{24,}\b/gi;

/** A text in one line, without the values that were sent, and what looks like one, however it is escaped. */
function without(text: string, personal: readonly string[]): string {
  const searched = unescaped(text.slice(0, SEARCHED_CHARACTERS)).replace(BASE64, (word) =>
    isPersonal(fromBase64(word), personal) ? REMOVED : word,
  );
  let rest = '';
  let from = 0;
  for (const { start, end } of placesOf(searched, personal)) {
    if (start >= from) rest += searched.slice(from, start) + REMOVED;
    from = Math.max(from, end);
  }
  rest = (rest + searched.slice(from)).replace(PERSONAL, REMOVED);
  // A value at the cut may have lost too much to be found.
  if (text.length > SEARCHED_CHARACTERS) rest = rest.slice(0, -PREFIX_CHARACTERS).replace(/\S{1,64}$/, '');
  return withoutEchoes(rest.replace(/\s+/g, ' ').trim());
}

const isPersonal = (text: string, personal: readonly string[]): boolean =>
  text.search(PERSONAL) !== -1 || placesOf(text, personal).length > 0;

/** The length of a JSON object from which it is what was sent rather than what is wrong with it. */
const ECHO_CHARACTERS = 80;
/** A message without the long JSON of a whole event that it repeats: of that nothing is left to read. */
function withoutEchoes(text: string): string {
  let rest = '';
  let from = 0;
  let depth = 0;
  const end = (at: number): void => {
    const part = text.slice(from, at);
    const isEcho = part.startsWith('{') && part.length >= ECHO_CHARACTERS && part.includes(REMOVED);
    rest += isEcho ? REMOVED : part;
    from = at;
  };
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '{' && depth++ === 0) end(at);
    else if (text[at] === '}' && depth > 0 && --depth === 0) end(at + 1);
  }
  end(text.length);
  return rest;
}

interface Place {
  readonly start: number;
  readonly end: number;
}

/**
 * Where a text has a value, or begins like one and goes on like it, from the left. Places of values that begin alike overlap.
 *
 * @param values as `lowered` makes them.
 */
function placesOf(text: string, values: readonly string[]): readonly Place[] {
  const lower = lowered(text);
  const places: Place[] = [];
  for (const sought of values) {
    const prefix = sought.slice(0, PREFIX_CHARACTERS);
    for (let start = lower.indexOf(prefix); start !== -1; start = lower.indexOf(prefix, start + 1)) {
      let end = start + prefix.length;
      while (end - start < sought.length && lower[end] === sought[end - start]) end++;
      places.push({ start, end });
    }
  }
  return places.toSorted((one, other) => one.start - other.start);
}

/** A text with its Latin letters in lower case: of the same length, unlike with other letters. */
const lowered = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
