/** The SQL of sets of devices. */
import { DEVICES } from '../model/device.ts';

/** A set of devices is a number with a bit for each device type. A device of an unknown type has the next bit. */
const UNKNOWN = 1 << DEVICES.length;

/** SQL for the bit of a device's name. */
export const deviceBit = (device: string): string =>
  `CASE ${device} ${DEVICES.map((name, index) => `WHEN '${name}' THEN ${1 << index}`).join(' ')} ELSE ${UNKNOWN} END`;

/** SQL for the union of a group's sets of devices. */
export const unionOfDevices = (set: string): string =>
  [...DEVICES.map((_, index) => 1 << index), UNKNOWN].map((bit) => `max(${set} & ${bit})`).join(' | ');

/** SQL for the number of device types in a set, without the unknown type. */
export const countOfDevices = (set: string): string =>
  DEVICES.map((_, index) => `(${set} >> ${index} & 1)`).join(' + ');

/** SQL for the names of a set's device types, such as `Desktop + Mobile`; `''` if all are unknown. */
export const namesOfDevices = (set: string): string =>
  `rtrim(${DEVICES.map((name, index) => `iif(${set} & ${1 << index}, '${name} + ', '')`).join(' || ')}, ' +')`;
