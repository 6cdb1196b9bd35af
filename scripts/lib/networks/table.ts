/** The fakes of all networks, each new and with nothing counted. */
import type { NetworkName } from '../../../src/model/destination.ts';
import type { FakeNetwork } from './fake.ts';
import { makeMeta } from './meta.ts';
import { makePinterest } from './pinterest.ts';
import { makeSnap } from './snap.ts';
import { makeTiktok } from './tiktok.ts';

const MAKERS: { readonly [Name in NetworkName]?: () => FakeNetwork } = {
  meta: makeMeta,
  tiktok: makeTiktok,
  pinterest: makePinterest,
  snap: makeSnap,
};

export type FakeNetworks = ReadonlyMap<NetworkName, FakeNetwork>;

export function makeFakes(): FakeNetworks {
  return new Map(
    Object.values(MAKERS)
      .map((make) => make())
      .map((fake) => [fake.name, fake]),
  );
}
