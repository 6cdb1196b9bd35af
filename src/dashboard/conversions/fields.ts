/** What the form of a destination holds, and what it sends. Pure. */
import type { DestinationMode, DestinationRule } from '../../model/destination.ts';
import type { DestinationJson, NetworkJson } from '../../model/relay-json.ts';
import type { Failure } from '../api.ts';

export interface RuleFields {
  readonly kind: 'event' | 'goal';
  /** The name of the event or of the goal. */
  readonly what: string;
  readonly as: string;
}

export interface DestinationFields {
  readonly network: string;
  readonly name: string;
  readonly account: string;
  /** Empty: the stored one stays. */
  readonly secret: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly rules: readonly RuleFields[];
  readonly mode: DestinationMode;
  readonly test_code: string;
  readonly isOn: boolean;
}

/** The event that a new destination gets first. */
const FIRST_EVENT = 'Purchase';

/** The fields that a new destination of a network begins with. */
export function newFields(network: NetworkJson): DestinationFields {
  return {
    network: network.name,
    name: network.title,
    account: '',
    secret: '',
    settings: {},
    rules: [{ kind: 'event', what: FIRST_EVENT, as: network.events[FIRST_EVENT] ?? '' }],
    mode: 'live',
    test_code: '',
    isOn: true,
  };
}

const ruleFieldsOf = (rule: DestinationRule): RuleFields =>
  'goal' in rule
    ? { kind: 'goal', what: rule.goal, as: rule.as }
    : { kind: 'event', what: rule.event, as: rule.as };

const ruleOf = ({ kind, what, as }: RuleFields): DestinationRule =>
  kind === 'goal' ? { goal: what, as } : { event: what, as };

export function fieldsOf(destination: DestinationJson): DestinationFields {
  const { network, name, account, settings, rules, mode, test_code, state } = destination;
  return {
    network,
    name,
    account,
    secret: '',
    settings,
    rules: rules.map(ruleFieldsOf),
    mode,
    test_code,
    isOn: state !== 'off',
  };
}

/** A rule that chooses an event also names what the network calls it, unless the owner has chosen another name. */
export function withEvent(
  rule: RuleFields,
  chosen: Pick<RuleFields, 'kind' | 'what'>,
  events: NetworkJson['events'],
): RuleFields {
  const usual = rule.kind === 'event' ? (events[rule.what] ?? '') : '';
  const next = chosen.kind === 'event' ? (events[chosen.what] ?? '') : '';
  return { ...chosen, as: rule.as === usual && next !== '' ? next : rule.as };
}

/** The body that changes the changed fields, or makes a destination of all of them. Empty settings have their defaults. */
export function bodyOf(fields: Partial<DestinationFields>): Record<string, unknown> {
  const { isOn, secret, settings, rules, ...rest } = fields;
  return {
    ...rest,
    ...(secret === undefined || secret === '' ? {} : { secret }),
    ...(settings === undefined
      ? {}
      : { settings: Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== '')) }),
    ...(rules === undefined ? {} : { rules: rules.map(ruleOf) }),
    ...(isOn === undefined ? {} : { state: isOn ? 'on' : 'off' }),
  };
}

type Errors = Failure['errors'];

/** What is wrong by the field that it is shown at, and the other errors. */
export interface FieldErrors {
  readonly at: ReadonlyMap<string, string>;
  readonly others: Errors;
}

/** @param known the paths of the form's fields, such as `account`, `settings.host` and `rules[0].as`. */
export function errorsOf(errors: Errors, known: readonly string[]): FieldErrors {
  const own = errors.filter(({ path }) => known.includes(path));
  const others = errors.filter(({ path }) => !known.includes(path));
  return { at: new Map(own.map(({ path, message }) => [path, message])), others };
}

/** The paths of the fields that a form shows, as problems of the API name them. A rule may be wrong as a whole. */
export function pathsOf(network: NetworkJson, { rules }: Pick<DestinationFields, 'rules'>): string[] {
  return [
    ...['network', 'name', 'account', 'secret', 'test_code', 'mode', 'rules'],
    ...network.settings.map(({ name }) => `settings.${name}`),
    ...rules.flatMap((_, index) => ['', '.event', '.goal', '.as'].map((part) => `rules[${index}]${part}`)),
  ];
}
