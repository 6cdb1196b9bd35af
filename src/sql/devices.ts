/** The SQL of sets of devices. */
import { DEVICES } from '../model/device.ts';

/** A set of devices is a number with a bit for each; what is of no known kind has the bit after the last. */
const UNKNOWN = 1 << DEVICES.length;

/** SQL for the bit of a device's name. */
export const deviceBit = (device: string): string =>
  `CASE ${device} ${DEVICES.map((name, index) => `WHEN '${name}' THEN ${1 << index}`).join(' ')} ELSE ${UNKNOWN} END`;

/** SQL for the union of a group's sets of devices. */
export const unionOfDevices = (set: string): string =>
  [...DEVICES.map((_, index) => 1 << index), UNKNOWN].map((bit) => `max(${set} & ${bit})`).join(' | ');

/** SQL for how many known kinds of device a set has. */
export const countOfDevices = (set: string): string =>
  DEVICES.map((_, index) => `(${set} >> ${index} & 1)`).join(' + ');

/** SQL for the names of a set's known devices, such as `Desktop + Mobile`; `''` when none is known. */
export const namesOfDevices = (set: string): string =>
  `rtrim(${DEVICES.map((name, index) => `iif(${set} & ${1 << index}, '${name} + ', '')`).join(' || ')}, ' +')`;
