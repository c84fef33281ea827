import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { deploymentId, rolePassword, scramVerifier } from './role-secret.js';

const SECRET = 'a secret of at least thirty-two characters';

test('each role and each secret has a password of its own, always the same one', () => {
  const passwords = [rolePassword(SECRET, 'a'), rolePassword(SECRET, 'b'), rolePassword(`${SECRET}!`, 'a')];
  expect(new Set(passwords).size).toBe(3);
  expect(rolePassword(SECRET, 'a')).toBe(passwords[0]);
  expect(passwords[0]).toMatch(/^[A-Za-z0-9_-]{43}$/);
});

test('the verifier is the one that RFC 5802 gives for the password', () => {
  const [mechanism, iterationsAndSalt = '', keys = ''] = scramVerifier(SECRET, 'coding_rule2').split('$');
  const [iterations, salt = ''] = iterationsAndSalt.split(':');
  const [storedKey, serverKey] = keys.split(':');
  const salted = pbkdf2Sync(rolePassword(SECRET, 'coding_rule2'), Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  expect(mechanism).toBe('SCRAM-SHA-256');
  expect(storedKey).toBe(createHash('sha256').update(clientKey).digest('base64'));
  expect(serverKey).toBe(createHmac('sha256', salted).update('Server Key').digest('base64'));
});

test('the deployment id tells secrets apart and tells nothing of them', () => {
  expect(deploymentId(SECRET)).toMatch(/^[0-9a-f]{16}$/);
  expect(deploymentId(`${SECRET}!`)).not.toBe(deploymentId(SECRET));
});
