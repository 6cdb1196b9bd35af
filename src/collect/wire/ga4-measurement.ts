/** Reads events of the Measurement Protocol, which servers and apps send. */
import { ENGAGEMENT } from '../../model/event.ts';
import { BLANK_EVENT, type RawEvent, type SentEvent } from '../../model/wire.ts';
import { contentOf, pixelOf } from './ga4-data.ts';
import { dataOf, type JsonObject, listText, recordOf, textOf } from './json.ts';

/**
 * The events of a body.
 *
 * @param property the measurement id or the id of a Firebase app.
 * @param hasToken whether a token is sent, which may say the pixel.
 */
export function measuredEvents(
  body: JsonObject,
  list: readonly unknown[],
  property: string,
  hasToken: boolean,
): (SentEvent | null)[] {
  const text = (name: string): string => textOf(body[name]);
  const [device, place] = [recordOf(body['device']) ?? {}, recordOf(body['user_location']) ?? {}];
  const [ip, ua, country] = [text('ip_override'), text('user_agent'), textOf(place['country_id'])];
  const aid = text('client_id') || text('app_instance_id');
  const person = userProperties(recordOf(body['user_properties']) ?? {});
  const common: SentEvent = {
    ...BLANK_EVENT,
    ...pixelOf(property, hasToken),
    uid: text('user_id'),
    ...(aid === '' ? {} : { aid }),
    server: { ua, languages: textOf(device['language']) },
  };
  return list.map((value) => {
    const event = recordOf(value);
    if (event === null) return null;
    const parameters = recordOf(event['params']) ?? {};
    const micros = textOf(event['timestamp_micros']) || text('timestamp_micros');
    return {
      ...common,
      ...eventOf(textOf(event['name']), parameters, person),
      dl: textOf(parameters['page_location']),
      rl: textOf(parameters['page_referrer']),
      overrides: {
        ...(micros === '' ? {} : { ts: Number(micros) / 1000 }),
        ...(ip === '' ? {} : { ip }),
        ...(ua === '' ? {} : { ua }),
        ...(country === '' ? {} : { country }),
      },
    };
  });
}

function userProperties(properties: JsonObject): RawEvent['cd'] {
  return Object.entries(properties).map(([name, value]) => [
    `user.${name}`,
    textOf(recordOf(value)?.['value'] ?? value),
  ]);
}

/** Parameters for which an event has fields of its own, or Speck none. */
const NO_DATA = new Set(['page_location', 'page_referrer', 'page_title', 'items']);

function eventOf(
  name: string,
  parameters: JsonObject,
  person: RawEvent['cd'],
): Pick<RawEvent, 'ev' | 'eid' | 'cd'> {
  // Of other events this time is a constant, by which Google's documentation lets them appear in its reports.
  if (name === 'user_engagement') {
    return { ev: ENGAGEMENT, eid: '', cd: [['engaged', textOf(parameters['engagement_time_msec'])]] };
  }
  const { items } = parameters;
  const data = dataOf(parameters).filter(([key]) => !NO_DATA.has(key));
  const list: RawEvent['cd'] = Array.isArray(items) ? [['items', listText(items.slice(0, MAX_ITEMS))]] : [];
  return contentOf(name, [...data, ...list, ...person]);
}

/** Items that are read. Fewer fit into a property. */
const MAX_ITEMS = 200;
