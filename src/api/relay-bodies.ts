/** What requests about destinations and their deliveries send: bodies and query parameters. */
import * as v from 'valibot';
import { DELIVERY_STATES, LEDGER_DAYS } from '../model/delivery.ts';
import { MAX_DESTINATION_RULES, NETWORKS } from '../model/destination.ts';
import { ENGAGEMENT, nameOfEvent } from '../model/event.ts';
import { LIMITS } from '../model/limits.ts';
import { printableText } from '../model/text/printable.ts';
import { commaList, integer } from './parameters.ts';

/** Characters of an account and of a setting; of a secret, which may be a key file; of a network's name of an event. */
const MAX_FIELD = 500;
const MAX_SECRET = 8000;
const MAX_AS = 200;
/** Settings of one destination. */
const MAX_SETTINGS = 20;

const text = (most: number) => v.pipe(v.string(), v.trim(), v.maxLength(most));
const Name = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1, 'A destination needs a name.'),
  v.maxLength(LIMITS.name),
);
const As = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1, "Send the network's name of the event."),
  v.maxLength(MAX_AS),
);
const Rule = v.pipe(
  v.strictObject({
    event: v.optional(
      v.pipe(
        v.string(),
        v.transform((name) => nameOfEvent(printableText(name))),
        v.minLength(1, 'Send the name of an event.'),
        v.maxLength(LIMITS.name),
        v.check((name) => name !== ENGAGEMENT, 'Engagements cannot be sent.'),
      ),
    ),
    goal: v.optional(v.pipe(v.string(), v.trim(), v.minLength(1, 'Send the name of a goal.'))),
    as: As,
  }),
  v.check(
    ({ event, goal }) => (event === undefined) !== (goal === undefined),
    'A rule has an event or a goal, and not both.',
  ),
);
const Rules = v.pipe(
  v.array(Rule),
  v.minLength(1, "A destination needs a rule: an event or a goal, and the network's name for it."),
  v.maxLength(MAX_DESTINATION_RULES),
);
const Account = v.pipe(text(MAX_FIELD), v.minLength(1, "Send the network's id of your account or pixel."));
/** Its messages never repeat what was sent. */
const Secret = v.pipe(
  v.string('Send the secret as a string.'),
  v.trim(),
  v.minLength(1, 'The secret is empty.'),
  v.maxLength(MAX_SECRET, `A secret has at most ${MAX_SECRET} characters.`),
);
const Settings = v.pipe(
  v.record(v.pipe(v.string(), v.maxLength(64)), text(MAX_FIELD)),
  v.maxEntries(MAX_SETTINGS),
);
const Mode = v.picklist(['live', 'test'], 'Use "live" or "test".');
const State = v.picklist(['on', 'off'], 'Use "on" or "off".');

export const NewDestination = v.strictObject({
  network: v.picklist(NETWORKS, `Use one of ${NETWORKS.join(', ')}.`),
  name: Name,
  account: Account,
  secret: Secret,
  settings: v.optional(Settings, {}),
  rules: Rules,
  mode: v.optional(Mode, 'live'),
  test_code: v.optional(text(MAX_FIELD), ''),
  state: v.optional(State, 'on'),
});
export const DestinationChange = v.strictObject({
  name: v.optional(Name),
  account: v.optional(Account),
  secret: v.optional(Secret),
  settings: v.optional(Settings),
  rules: v.optional(Rules),
  mode: v.optional(Mode),
  test_code: v.optional(text(MAX_FIELD)),
  state: v.optional(State),
});
export const DestinationTest = v.strictObject({ as: v.optional(As) });

/** The most deliveries of one response. */
export const MAX_DELIVERIES = 500;

export const DeliveriesQuery = v.strictObject({
  state: v.pipe(
    v.optional(commaList(v.picklist(DELIVERY_STATES, `Use one or more of ${DELIVERY_STATES.join(', ')}.`))),
    v.description('Only deliveries in these states, separated by commas.'),
  ),
  limit: v.pipe(
    v.optional(integer(1, MAX_DELIVERIES), '100'),
    v.description('The most deliveries. Default: 100.'),
  ),
  before: v.pipe(v.optional(v.string()), v.description('`next` of an earlier response.')),
});
export const SummaryQuery = v.strictObject({
  days: v.pipe(
    v.optional(integer(1, LEDGER_DAYS), '7'),
    v.description('How many days, up to now. Default: 7.'),
  ),
});
export const ConversionQuery = v.strictObject({
  name: v.pipe(
    v.optional(v.pipe(v.string(), v.maxLength(LIMITS.name))),
    v.description('Only the event of this name.'),
  ),
});
