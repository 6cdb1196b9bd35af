/** Which path speaks which wire format. A new format is one file beside this one and one line here. */
import type { WireFormat } from './format.ts';
import { nativeBeacon, nativePixel } from './native.ts';

export const FORMATS: ReadonlyMap<string, WireFormat> = new Map([
  ['/p.gif', nativePixel],
  ['/tr', nativePixel],
  ['/beacon', nativeBeacon],
]);
