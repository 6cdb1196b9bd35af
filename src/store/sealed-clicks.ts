/** Seals and opens the clicks that are kept: each opens only for its own alias and parameter. */
import type { Click, ClickParameter } from '../model/conversion.ts';
import { seal, unseal } from '../model/sealed.ts';
import type { Secrets } from '../model/secret-key.ts';

/** Whose click it is, and on what. */
export interface ClickKey {
  readonly pixel: string;
  /** An alias of the person. */
  readonly person: string;
  readonly parameter: ClickParameter;
}

const boundOf = ({ pixel, person, parameter }: ClickKey): string => `${pixel}\n${person}\n${parameter}`;

export function sealClick(secret: string, key: ClickKey, click: Click): Promise<string> {
  return seal(secret, 'click ids', boundOf(key), JSON.stringify(click));
}

/** Null if no secret opens it. */
export async function openClick(secrets: Secrets, key: ClickKey, sealed: string): Promise<Click | null> {
  const text = await unseal(secrets, 'click ids', boundOf(key), sealed);
  return text === null ? null : (JSON.parse(text) as Click);
}
