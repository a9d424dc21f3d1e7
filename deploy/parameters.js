// Parameters that several files read, checked.

// What stands for itself in a filter of a notification, in a pattern of EventBridge and in a resource of a policy.
// Source: Amazon S3 user guide, "Configuring event notifications using object key name filtering".
const SAFE_PREFIX = /^[A-Za-z0-9!_.'()-][A-Za-z0-9!_.'()/-]*$/;

/** A parameter that is true or false. */
exports.flag = async (resolveVariable, name) => {
  const value = String(await resolveVariable(`param:${name}`));
  if (value !== "true" && value !== "false") {
    throw new Error(`${name} is "${value}": expected true or false`);
  }
  return value === "true";
};

/** A parameter that is on or off. */
exports.onOff = async (resolveVariable, name) => {
  const value = String(await resolveVariable(`param:${name}`));
  if (value !== "on" && value !== "off") {
    throw new Error(`${name} is "${value}": expected on or off`);
  }
  return value === "on";
};

/** Prefixes of keys, by commas. S3 takes no two notifications of one event that one key could match. */
exports.prefixes = async (resolveVariable, name) => {
  const all = String(await resolveVariable(`param:${name}`)).split(",").map((part) => part.trim()).filter(Boolean);
  for (const [position, prefix] of all.entries()) {
    if (!SAFE_PREFIX.test(prefix)) {
      throw new Error(`${name} has "${prefix}": expected letters, digits and any of / ! - _ . ' ( ), no / in front`);
    }
    const other = all.find((one, place) => place !== position && prefix.startsWith(one));
    if (other !== undefined) {
      throw new Error(`${name} has "${other}" and "${prefix}", and the second begins as the first: leave one out`);
    }
  }
  return all;
};

/** What CloudFormation fills in; a text without a variable is itself. */
exports.sub = (text) => (text.includes("${") ? { "Fn::Sub": text } : text);
