mod desk;
