/** Checks what an owner sets of a destination against what its network says it needs. Errors never repeat a value. */
import type { Destination } from '../model/destination.ts';
import type { FieldError } from '../model/field-error.ts';
import { isLoopback } from '../model/loopback.ts';
import type { Pixel } from '../model/pixel.ts';
import type { DestinationField, Network } from '../relay/network.ts';

/** What is set of a destination: all of it when it is added, else what changes. */
export type DestinationDraft = Partial<
  Pick<Destination, 'account' | 'settings' | 'rules' | 'mode' | 'test_code'>
> & { readonly secret?: string };

/** What is wrong with a draft. */
export function draftErrors(
  network: Network,
  pixel: Pixel,
  draft: DestinationDraft,
  { mode, test_code }: Pick<Destination, 'mode' | 'test_code'>,
): FieldError[] {
  const { account, secret, settings, rules } = draft;
  const errors = [
    ...(account === undefined ? [] : valueErrors(network, network.account, 'account', account)),
    ...(secret === undefined ? [] : valueErrors(network, network.secret, 'secret', secret)),
    ...(settings === undefined ? [] : settingErrors(network, settings)),
    ...(rules ?? []).flatMap((rule, index) => ruleErrors(network, pixel, rule, `rules[${index}]`)),
  ];
  const isModeSet = draft.mode !== undefined || draft.test_code !== undefined;
  return isModeSet ? [...errors, ...modeErrors(network, mode, test_code)] : errors;
}

function valueErrors(network: Network, field: DestinationField, path: string, value: string): FieldError[] {
  const { label, help, pattern } = field;
  if (!matches(pattern, value)) {
    const message = `This is not a valid ${label} of ${network.title}. ${help}`;
    return [{ path, message }];
  }
  return isSafe(value)
    ? []
    : [
        {
          path,
          message: `Send a URL that begins with https:// and has no user name or password. ${help}`,
        },
      ];
}

function settingErrors(network: Network, settings: Destination['settings']): FieldError[] {
  const fields = new Map(network.settings.map((field) => [field.name, field]));
  const known = [...fields.keys()].join(', ');
  const errors = Object.entries(settings).flatMap(([name, value]) => {
    const path = `settings.${name}`;
    const field = fields.get(name);
    if (field) return valueErrors(network, field, path, value);
    const message = `${network.title} has no such setting. ${known === '' ? 'It has none.' : `Its settings: ${known}.`}`;
    return [{ path, message }];
  });
  const missing = network.settings.filter(
    (field) => field.default === undefined && settings[field.name] === undefined,
  );
  return [
    ...errors,
    ...missing.map(({ name, label, help }) => ({
      path: `settings.${name}`,
      message: `${network.title} needs its ${label}. ${help}`,
    })),
  ];
}

function ruleErrors(
  network: Network,
  { settings: { goals } }: Pixel,
  rule: Destination['rules'][number],
  path: string,
): FieldError[] {
  const errors = matches(network.as.pattern, rule.as)
    ? []
    : [{ path: `${path}.as`, message: `${network.title} does not accept this. ${network.as.help}` }];
  if (!('goal' in rule) || goals.some(({ name }) => name === rule.goal)) return errors;
  const message = `The pixel has no goal with this name. ${goals.length === 0 ? 'It has no goals.' : `Its goals: ${goals.map(({ name }) => name).join(', ')}.`}`;
  return [...errors, { path: `${path}.goal`, message }];
}

function modeErrors({ title, test }: Network, mode: Destination['mode'], code: string): FieldError[] {
  if (test === 'code') {
    return mode === 'test' && code === ''
      ? [
          {
            path: 'test_code',
            message: `The test mode of ${title} needs a test code. ${title} shows it among its test events.`,
          },
        ]
      : [];
  }
  const errors = code === '' ? [] : [{ path: 'test_code', message: `${title} has no test codes.` }];
  return mode === 'test' && test === 'none'
    ? [...errors, { path: 'mode', message: `${title} has no test mode. Use "live".` }]
    : errors;
}

/** Whether a pattern matches all of a value. */
function matches({ source, flags }: RegExp, value: string): boolean {
  return new RegExp(`^(?:${source})$`, flags).test(value);
}

/** Whether a value is no address, or one to which what is sent is encrypted, or which stays on this machine. */
function isSafe(value: string): boolean {
  if (!/^[a-z][a-z\d+.-]*:\/\//i.test(value)) return true;
  const url = URL.parse(value);
  if (url?.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
}
