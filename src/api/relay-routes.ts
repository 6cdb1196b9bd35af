/** The routes of conversions that are sent to networks. routes.ts lists every route. What serves them is loaded with the first request. */
import { DestinationChange, NewDestination } from './relay-bodies.ts';
import { defineRoute, type Route } from './route.ts';

const destinations = () => import('./destinations.ts');

export const RELAY_ROUTES: readonly Route[] = [
  defineRoute({
    name: 'readNetworks',
    method: 'GET',
    path: '/api/v1/networks',
    summary: 'List the networks that conversions can be sent to, and what each needs',
    access: 'pixels:write',
    responses: { 200: 'Networks' },
    handler: async () => (await destinations()).readNetworks(),
  }),
  defineRoute({
    name: 'addDestination',
    method: 'POST',
    path: '/api/v1/pixels/:id/destinations',
    summary: 'Add a destination of conversions',
    access: 'pixels:write',
    pixel: true,
    body: NewDestination,
    responses: { 201: 'Destination' },
    problems: ['invalid_body', 'conflict'],
    handler: async (call) => (await destinations()).addDestination(call),
  }),
  defineRoute({
    name: 'readDestinations',
    method: 'GET',
    path: '/api/v1/pixels/:id/destinations',
    summary: 'List destinations, without their secrets',
    access: 'pixels:write',
    pixel: true,
    responses: { 200: 'Destinations' },
    handler: async (call) => (await destinations()).readDestinations(call),
  }),
  defineRoute({
    name: 'readDestination',
    method: 'GET',
    path: '/api/v1/pixels/:id/destinations/:part',
    summary: 'Read a destination, without its secret',
    access: 'pixels:write',
    pixel: true,
    responses: { 200: 'Destination' },
    handler: async (call) => (await destinations()).readDestination(call),
  }),
  defineRoute({
    name: 'changeDestination',
    method: 'PATCH',
    path: '/api/v1/pixels/:id/destinations/:part',
    summary: 'Change a destination, or switch it on or off',
    access: 'pixels:write',
    pixel: true,
    body: DestinationChange,
    ifMatch: true,
    responses: { 200: 'Destination' },
    problems: ['invalid_body', 'conflict'],
    handler: async (call) => (await destinations()).changeDestination(call),
  }),
  defineRoute({
    name: 'removeDestination',
    method: 'DELETE',
    path: '/api/v1/pixels/:id/destinations/:part',
    summary: 'Delete a destination with its deliveries, sent or not',
    access: 'pixels:write',
    pixel: true,
    responses: { 204: null },
    handler: async (call) => (await destinations()).removeDestination(call),
  }),
];
