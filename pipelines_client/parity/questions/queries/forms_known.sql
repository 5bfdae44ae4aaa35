-- What do payloads look like? One row per path of a form and kind of value there, since packs repeat each other's rows.
-- Pages and screens look alike if their paths do: a form has no type.
SELECT DISTINCT form, path, kind
FROM forms
