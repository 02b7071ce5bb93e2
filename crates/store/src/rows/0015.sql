-- The pictures of faces that rows tell of, to find those that none tells of.
CREATE INDEX faces_images ON faces (image) WHERE image IS NOT NULL;
