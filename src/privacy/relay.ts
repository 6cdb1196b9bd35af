/** The part of `/privacy` that shows what advertising networks are told about the visitor, and which clicks are kept for that. */
import { CLICK_DAYS, CLICK_PARAMETERS, type ClickParameter } from '../model/conversion.ts';
import type { NetworkName } from '../model/destination.ts';
import type { ClickTrace, DeliveryTrace } from '../store/relay-traces.ts';
import { fill, type Html, html } from './html.ts';
import type { Reader } from './reader.ts';

type Advertiser = Exclude<NetworkName, 'webhook'> | (typeof CLICK_PARAMETERS)[ClickParameter];

/** Names that people know. */
const NAMES: Readonly<Record<Advertiser, string>> = {
  meta: 'Meta (Facebook, Instagram)',
  google: 'Google',
  ga4: 'Google Analytics',
  tiktok: 'TikTok',
  linkedin: 'LinkedIn',
  pinterest: 'Pinterest',
  snap: 'Snapchat',
  reddit: 'Reddit',
  microsoft: 'Microsoft (Bing)',
  openai: 'OpenAI (ChatGPT)',
  x: 'X',
};

interface RelayTrace {
  readonly clicks: readonly ClickTrace[];
  readonly deliveries: readonly DeliveryTrace[];
}

/** @param timeZone the pixel's. */
export function relaySection({ clicks, deliveries }: RelayTrace, reader: Reader, timeZone: string): Html {
  if (clicks.length === 0 && deliveries.length === 0) return html``;
  const { relay: texts } = reader.texts.privacy;
  const timeOf = reader.timesIn(timeZone);
  const nameOf = (network: NetworkName): string => (network === 'webhook' ? texts.webhook : NAMES[network]);
  const clicked = clicks.map(
    ({ parameter, at }) => html`<li>${NAMES[CLICK_PARAMETERS[parameter]]}, ${timeOf(new Date(at))}</li>`,
  );
  const told = deliveries.map(({ network, name, ts, state, sent_at, fields }) => {
    const list = fields.map(
      (field) => html`<li>${field.hashed ? fill(texts.hashed, { name: field.name }) : field.name}</li>`,
    );
    const outcome = state === 'withdrawn' && sent_at !== null ? texts.inFlight : texts.states[state];
    const sent =
      list.length === 0
        ? ''
        : html`<details><summary>${fill(texts.fields)}</summary><ul>${list}</ul></details>`;
    return html`<li><b><bdi>${eventName(name, reader)}</bdi></b> → ${nameOf(network)}, <time datetime="${new Date(ts).toISOString()}">${timeOf(new Date(ts))}</time>: ${fill(outcome)}${sent}</li>`;
  });
  return html`<h3>${fill(texts.title)}</h3>
${told.length > 0 ? html`<p>${fill(texts.told)}</p><ul>${told}</ul>` : ''}
${clicked.length > 0 ? html`<p>${fill(texts.kept, { days: reader.number(CLICK_DAYS) })}</p><ul>${clicked}</ul>` : ''}`;
}

/** Our name of an event, or the site's. */
function eventName(name: string, { texts: { event } }: Reader): string {
  return Object.hasOwn(event.names, name) ? event.names[name as keyof typeof event.names] : name;
}
