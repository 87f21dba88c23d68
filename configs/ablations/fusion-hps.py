_base_ = "../mini/hps_r18_mini.py"
title = "HPS"
