-- A group counts its users and faces, so that neither adding to it nor searching it counts rows.
ALTER TABLE face_groups ADD COLUMN users INTEGER NOT NULL DEFAULT 0;
ALTER TABLE face_groups ADD COLUMN faces INTEGER NOT NULL DEFAULT 0;
UPDATE face_groups SET
    users = (SELECT count(*) FROM face_users WHERE face_users.group_row = face_groups.id),
    faces = (SELECT count(*) FROM faces WHERE faces.group_row = face_groups.id);
-- A group's faces are read in parts, in the order in which they came.
CREATE INDEX faces_in_order ON faces (group_row, id);
