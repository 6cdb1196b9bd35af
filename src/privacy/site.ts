/** The part of `/privacy` that shows what one website's pixel stores about the visitor. */
import { DEVICES } from '../model/device.ts';
import { EVENT_COLUMNS } from '../model/event.ts';
import { PERSON_KINDS, type PersonKind } from '../model/person.ts';
import { displayHost } from '../model/text/display.ts';
import { MAX_EVENTS, type TraceData } from '../store/traces.ts';
import { describe } from './describe.ts';
import { fill, type Html, html } from './html.ts';
import { siteOwner } from './owners.ts';
import type { Reader } from './reader.ts';
import { relaySection } from './relay.ts';
import type { PixelMatch } from './search.ts';

interface Surroundings {
  /** Whether the page is about this website only. */
  readonly isOnly: boolean;
  /** Whether the page names its owner already. */
  readonly hasOneOwner: boolean;
  /** The address of the page about this website only. */
  readonly address: string;
}

/** The section names the website by its host, since the pixel's name is only for its owner. */
export function siteSection(
  match: PixelMatch,
  data: TraceData,
  reader: Reader,
  { isOnly, hasOneOwner, address }: Surroundings,
): Html {
  const { pixel } = match;
  const { privacy: texts } = reader.texts;
  const { events, total, days, target } = data;
  const stored = fill(total >= MAX_EVENTS ? texts.storedAtLeast : texts.stored, {
    events: reader.count(texts.events, total),
    days: reader.count(texts.dayCount, pixel.settings.retention_days),
  });
  const latest = fill(texts.latest, { count: reader.number(events.length) });
  return html`<section class="site"><h2>${displayHost(URL.parse(pixel.url)?.hostname ?? '')}</h2>
${hasOneOwner ? '' : siteOwner(pixel.settings, reader)}
<p>${stored} ${events.length < total ? latest : ''} ${isOnly ? '' : html`<a href="${address}">${fill(texts.only)}</a>`}</p>
${days.length > 0 ? html`<p>${seenOn(days, reader)} ${linkedTo(target, reader)}</p>` : ''}
${events.length > 0 ? eventTable(match, events, reader) : ''}
${relaySection(data, reader, pixel.timezone)}</section>`;
}

function seenOn(days: TraceData['days'], reader: Reader): Html {
  const { event, privacy } = reader.texts;
  const list = days.map(([day, devices]) => {
    const names = DEVICES.filter((_, index) => devices & (1 << index)).map((name) => event.devices[name]);
    return names.length === 0 ? reader.day(day) : `${reader.day(day)} (${names.join(', ')})`;
  });
  return fill(privacy.seen, { days: list.join('; ') });
}

function linkedTo(target: string | null, { texts: { privacy } }: Reader): Html {
  const kind = Object.entries(PERSON_KINDS).find(([, letter]) => target?.startsWith(letter))?.[0] as
    | PersonKind
    | undefined;
  return kind && kind !== 'cookie' ? fill(privacy.linked, { kind: privacy.kinds[kind] }) : html``;
}

const PERSON = EVENT_COLUMNS.indexOf('person');

function eventTable({ pixel, trace }: PixelMatch, events: TraceData['events'], reader: Reader): Html {
  const { privacy: texts } = reader.texts;
  const timeOf = reader.timesIn(pixel.timezone);
  // Someone who shares the IP address could guess the user agent, so matches by these two show only the page and the time.
  const proven = events.map((values) => trace.alias !== '' && values[PERSON] === trace.alias);
  const hasDetails = proven.includes(true);
  const rows = events.map((values, index) => {
    const { iso, when, what, page, fields, technical } = describe(values, reader, timeOf);
    const details = proven[index] ? html`${list(fields)}${technicalDetails(technical, texts.technical)}` : '';
    return html`<tr><th scope="row"><time datetime="${iso}">${when}</time></th><td><b><bdi>${what}</bdi></b><bdi>${page}</bdi></td>${hasDetails ? html`<td>${details}</td>` : ''}</tr>`;
  });
  const columns = texts.columns
    .slice(0, hasDetails ? 3 : 2)
    .map((name) => html`<th scope="col">${fill(name)}</th>`);
  const zone = fill(texts.zone, { zone: pixel.timezone.replaceAll('_', ' ') });
  const caption = html`${proven.includes(false) ? fill(texts.pageOnly) : ''} ${zone}`;
  return html`<table${hasDetails ? DETAILED : ''}><caption>${caption}</caption><thead><tr>${columns}</tr></thead><tbody>${rows}</tbody></table>`;
}

const DETAILED = html` class="detailed"`;

type NamedValues = readonly (readonly [name: string, value: string])[];

function list(values: NamedValues): Html {
  if (values.length === 0) return html``;
  return html`<dl>${values.map(([name, value]) => html`<div><dt>${name}</dt><dd><bdi>${value}</bdi></dd></div>`)}</dl>`;
}

function technicalDetails(values: NamedValues, title: string): Html {
  return values.length === 0
    ? html``
    : html`<details><summary>${fill(title)}</summary>${list(values)}</details>`;
}
