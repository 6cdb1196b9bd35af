/**
 * What advertising networks need of a conversion, for data-relay: further hashes of a user's data, the ids that the networks keep in the
 * site's cookies, and which of their own pixels are on the page. It is sent for visitors who consented only.
 */
import hash from './hash.ts';
import { isHash, put, type Values } from './hash-value.ts';

/** @param user as `hash` takes it. */
export default async function hashForNetworks(hashes: Values, user: Values): Promise<void> {
  await hash(hashes, user);
  const email = rawOf(user['em'] || user['email']).toLowerCase();
  const [, name = '', domain = ''] = /^([^@]+)(@[^@]+)$/.exec(email) || [];
  if (/^@(gmail|googlemail)\.com$/.test(domain)) {
    // As Google asks. Left out if it is the same as `em`.
    const letters = name.replace(/\+.*|[.\s]/g, '');
    if (letters && letters !== name) await put(hashes, 'em_g', letters + domain, (text) => text);
  }
  // As Reddit asks.
  const letters = name.replace(/\+.*|[^\p{L}\p{N}]/gu, '');
  if (letters) await put(hashes, 'em_r', letters + domain, (text) => text);
  // E.164: a plus and at most 15 digits, without an extension, and without the zero that is dialled within a country only. A number that begins with
  // this zero lacks its country: with a plus it would be another country's.
  const phone = rawOf(user['ph'] || user['phone']);
  const digits = phone.replace(/^[\D0]+|\(0\)|[a-z#;,].*/gi, '').replace(/\D/g, '');
  if (/^\d{5,15}$/.test(digits) && !/^\D*0(?!0)/.test(phone))
    await put(hashes, 'ph_e164', `+${digits}`, (text) => text);
}

/** A value that is not hashed, without surrounding spaces. */
function rawOf(value: unknown): string {
  const text = String(value || '').trim();
  return isHash(text) ? '' : text;
}

/** The cookies, by the names that their values are sent under. What looks otherwise is not sent. */
const COOKIES: Values = {
  __proto__: null,
  fbp: /^fb\.\d\.\d{10,16}\.[\w.-]{1,80}$/,
  fbc: /^fb\.\d\.\d{10,16}\.[\w.-]{1,500}$/,
  ga: /^GA\d\.[\d-]{1,9}\.(\d{1,12}\.\d{1,12})$/,
  ttp: /^[\w.-]{16,64}$/,
  scid: /^[\w-]{16,64}$/,
  rdt_uuid: /^\d{10,16}\.[\da-f-]{36}$/i,
  uetvid: /^[\da-f]{32}$/i,
  epik: /^[\w.~-]{8,500}$/,
};

/** The user data of an event, as it is sent. The hashes that only networks need, and everything of theirs, need the visitor's consent. */
export function complete(hashes: Values | undefined, isGranted: boolean): Values | undefined {
  const { em_g, em_r, ph_e164, ...own } = { __proto__: null, ...hashes } as Values;
  if (!isGranted) return hashes && own;
  const found: Values = { __proto__: null, ...own, em_g, em_r, ph_e164, ...networkIds() };
  found['px'] = pixels() || undefined;
  for (const name in found) if (found[name]) return found;
  return hashes && own;
}

function networkIds(): Values {
  const ids: Values = { __proto__: null };
  try {
    // Not `document.cookie`, which an element of that name hides. Throws in a sandbox.
    const cookies = `; ${Reflect.get(Document.prototype, 'cookie', document)}`;
    for (const name in COOKIES) {
      const value = RegExp(`; _${name}=([^;]*)`).exec(cookies);
      const match = value && (COOKIES[name] as RegExp).exec(value[1] as string);
      if (match) ids[name] = match[1] || match[0];
    }
  } catch {
    // Nothing is known of the visitor.
  }
  return ids;
}

/** What a network's script leaves in the page, as far as it is looked at. */
type Trace = Readonly<Record<string, unknown>> | undefined;

/** Whether the own pixel of a network has run. Each of the networks' snippets makes a global first, whose calls wait for the script. */
const PIXELS: Record<string, (page: Record<string, Trace>) => unknown> = {
  __proto__: null as never,
  // The tag itself may stand between: see meta.ts.
  meta: ({ fbq }) => {
    const call = fbq?.['callMethod'] as Trace;
    return call && (!('own' in call) || call['own']);
  },
  google: ({ google_tag_manager }) => hasKey(google_tag_manager, /^AW-/),
  ga4: ({ google_tag_manager }) => hasKey(google_tag_manager, /^G-/),
  tiktok: ({ ttq }) => ttq?.['_env'] || ttq?.['_plugins'],
  linkedin: ({ lintrk, _already_called_lintrk }) => lintrk && (_already_called_lintrk || !lintrk['q']),
  pinterest: ({ pintrk }) => pintrk && !(pintrk['queue'] as unknown[] | undefined)?.length,
  snap: ({ snaptr }) => snaptr?.['handleRequest'],
  reddit: ({ rdt }) => rdt?.['sendEvent'],
  microsoft: ({ uetq }) => uetq?.['push'] && !Array.isArray(uetq),
  openai: ({ oaiq }) => oaiq && !(oaiq['q'] as unknown[] | undefined)?.length,
};

function hasKey(object: Trace, pattern: RegExp): boolean {
  for (const key in object) if (pattern.test(key)) return true;
  return false;
}

/** The networks whose own pixels have run on the page: `meta tiktok`. */
function pixels(): string {
  let names = '';
  for (const name in PIXELS) {
    try {
      if (PIXELS[name]?.(window as never)) names += `${names && ' '}${name}`;
    } catch {
      // The page has something else of that name.
    }
  }
  return names;
}
