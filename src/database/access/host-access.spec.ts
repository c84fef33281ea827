import { expect, test } from '@jest/globals';
import { trustFindings, type TrustLine } from './host-access.js';

const line = (given: Partial<TrustLine>): TrustLine => ({ file: '/data/pg_hba.conf', line: 7, type: 'host', databases: ['all'], users: ['all'], address: '10.0.0.0', ...given });
const severities = (given: Partial<TrustLine>): string[] => trustFindings([line(given)], 'nagaya', ['coding_rule2']).map((finding) => finding.severity);

test.each([
  ['from another host', {}, ['error']],
  ['from anywhere', { address: 'all' }, ['error']],
  ['for our database alone', { databases: ['nagaya'] }, ['error']],
  ['for one of our roles', { users: ['coding_rule2'] }, ['error']],
  ['for a group that may hold one', { users: ['+staff'] }, ['error']],
  ['from the machine itself', { address: '127.0.0.1' }, ['warning']],
  ['from its sockets', { type: 'local', address: null }, ['warning']],
  ['into other databases', { databases: ['postgres', 'replication'] }, []],
  ['for other roles', { users: ['postgres'] }, []],
])('trust %s: %j', (_what, given, expected) => {
  expect(severities(given)).toEqual(expected);
});
